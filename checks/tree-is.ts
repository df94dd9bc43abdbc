import { defineCheck, fails, holds, type Look, quantity, reads, typed } from '../runbook/index.ts'
import { changedFiles } from './reading/changed-files.ts'
import { oneLine } from './reading/one-line.ts'
import { isSeenTo, ownSettings, submodulesOf } from './reading/submodules.ts'
import { isSubmodule, otherwise, treeChanges } from './reading/tree-changes.ts'

/**
 * Everything that git tracks is as the revision has it: index, files and submodules. `from`: the revision that was there
 * before; where the two differ each file is read, whatever git is told of it, and what only that one had is gone.
 */
export const treeIs = (revision: string, { from = revision }: { from?: string } = {}) =>
  defineCheck({
    fact: `the working tree is ${revision.slice(0, 7)}`,
    remedy: typed`git status; compare: git diff ${revision.slice(0, 7)}`,
    look: async (at) => {
      const cwd = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
      const { head, paths } = await changedFiles(at)
      if (head !== revision) return fails(`HEAD is ${head.slice(0, 7)}`)
      if (paths.length) return otherFiles(paths.map(({ path }) => path))
      const known = await at.attempt(reads('git', 'cat-file', '-e', `${from}^{tree}`))
      const changed = known.ok ? await movedOtherwise(at, cwd, from, revision) : []
      if (changed.length) return otherFiles(changed)
      const modules = await otherSubmodules(at, cwd)
      if (modules.length)
        return fails(
          `${quantity(modules.length, 'submodule')} otherwise: ${modules.slice(0, 5).join(', ')}`,
          {
            remedy: 'git submodule update --init --recursive',
          },
        )
      const { count, unseen } = await listed(at, cwd)
      return holds(
        `${quantity(count, 'file')}${unseen.length ? `; git is told not to look at ${unseen.slice(0, 3).join(', ')}` : ''}`,
      )
    },
  })

const otherFiles = (paths: readonly string[]) => {
  const named = paths.map((path) => oneLine(path))
  return fails(
    `${quantity(named.length, 'file')} otherwise: ${named.slice(0, 5).join(', ')}${named.length > 5 ? ' and more' : ''}`,
    { tail: named.slice(0, 40).join('\n') },
  )
}

const movedOtherwise = async (at: Look, cwd: string, from: string, to: string): Promise<string[]> => {
  const changes = (await treeChanges(at, { cwd, from, to })).filter(
    ({ from, to }) => !isSubmodule(from) && !isSubmodule(to),
  )
  const left = await leftOut(at, cwd)
  const wrong = await otherwise(
    at,
    cwd,
    changes.map(({ path, to }) => ({ path, entry: to })),
  )
  // What only the other revision has, and is still there just so.
  const gone = changes.filter(({ to }) => !to)
  const stays = await otherwise(
    at,
    cwd,
    gone.map(({ path, from }) => ({ path, entry: from })),
  )
  return [
    ...[...wrong.keys()].filter((path) => !left.has(path)),
    ...gone.map(({ path }) => path).filter((path) => !stays.has(path)),
  ]
}

/** By a sparse checkout. */
const leftOut = async (at: Look, cwd: string): Promise<Set<string>> => {
  const sparse = await at.attempt({ ...reads('git', 'config', '--bool', 'core.sparseCheckout'), cwd })
  if (!sparse.ok || sparse.value !== 'true') return new Set()
  const tagged = await at.see({ ...reads('git', 'ls-files', '-t', '-z'), cwd })
  return new Set(tagged.split('\0').flatMap((line) => (line.startsWith('S ') ? [line.slice(2)] : [])))
}

/**
 * Those that stand at another commit than their parent says, or are not there, at any depth; one that is not to be there
 * does not count.
 */
const otherSubmodules = async (at: Look, cwd: string, prefix = ''): Promise<string[]> => {
  const all = await submodulesOf(at, 'HEAD', { cwd })
  // Without .gitmodules the folders are empty, as git leaves them.
  if (!all.some(({ name }) => name !== undefined)) return []
  const own = await ownSettings(at, { cwd })
  const found: string[] = []
  for (const one of all.filter((one) => isSeenTo(one, own))) {
    const folder = `${cwd}/${one.path}`
    const path = `${prefix}${one.path}`
    const read = await at.attempt({ ...reads('git', 'rev-parse', '--show-toplevel', 'HEAD'), cwd: folder })
    const [top, head] = read.ok ? read.value.split('\n') : []
    // In a folder that is no repository git finds the one around it.
    if (top === cwd || head !== one.id) found.push(oneLine(path))
    else found.push(...(await otherSubmodules(at, folder, `${path}/`)))
  }
  return found
}

/** How many files there are, and those that git is told not to look at. */
const listed = async ({ see }: Look, cwd: string): Promise<{ count: number; unseen: string[] }> => {
  const script = "git -c core.quotePath=false ls-files -v | sed -n -e '/^[a-z]/p' -e '$='"
  const lines = (await see({ ...reads('sh', '-c', script), cwd })).split('\n')
  return { count: Number(lines.at(-1)), unseen: lines.slice(0, -1).map((line) => oneLine(line.slice(2))) }
}
