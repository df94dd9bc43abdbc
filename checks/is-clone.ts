import { defineCheck, type Failure, fails, holds, type Look, reads, typed } from '../runbook/index.ts'

/** The application's folder is the working tree of a git clone that has a commit checked out. */
export const isClone = () =>
  defineCheck({
    fact: "the application's folder is a git clone",
    remedy: 'git clone the application there, or correct app.dir in the book',
    look: async (at) => {
      const { dir } = at.env.app
      const inside = await at.attempt(reads('git', 'rev-parse', '--is-inside-work-tree'))
      if (!inside.ok) return whyNot(inside.failure, at)
      if (inside.value !== 'true') return fails(`${dir} is a repository without a working tree`)
      const head = await at.attempt(reads('git', 'rev-parse', '--verify', '--quiet', 'HEAD'))
      return head.ok
        ? holds(`${dir} at ${head.value.slice(0, 7)}`)
        : fails(`${dir} has no commit checked out`)
    },
  })

const whyNot = (failure: Failure, { env }: Look) => {
  if (failure.kind === 'folder-missing') return fails(`there is no folder ${env.app.dir}`)
  if (failure.kind !== 'command-failed') return fails(failure.kind)
  // git reads no repository of another user, so that its hooks and settings cannot be slipped in.
  if (failure.tail.includes('safe.directory'))
    return fails(`${env.app.dir} belongs to another user`, {
      remedy: typed`work as its owner, or: git config --global --add safe.directory ${env.app.dir}`,
    })
  return fails(`${env.app.dir}: ${failure.tail.split('\n')[0]}`)
}
