import { changes, defineCheck, defineStep, fails, forwardOnly, holds, reads } from 'runbook'
import { workingTreeClean } from 'runbook/checks'

/** `git add`, `commit` and `push`, as the guide has them; done when the head of the remote branch has the migration. */
export const pushMigration = (folder: string, name: string, message: string) => {
  const onRemote = defineCheck({
    fact: `the remote has the migration ${name}`,
    remedy: 'git push',
    look: async ({ see, env }) => {
      const committed = await see(reads('git', 'ls-tree', '-r', '--name-only', 'HEAD', '--', folder))
      if (!committed.includes(`_${name}/`)) return fails('it is not committed')
      const head = await see(reads('git', 'rev-parse', 'HEAD'))
      const remote = await see(reads('git', 'ls-remote', 'origin', `refs/heads/${env.app.branch}`))
      return remote.startsWith(head)
        ? holds(`origin/${env.app.branch} is ${head.slice(0, 7)}`)
        : fails('it is not pushed')
    },
  })
  return defineStep({
    id: 'push-migration',
    title: 'Commit and push the migration',
    about: 'Commits what changed among the migrations, and pushes it to the branch that production deploys.',
    sort: 'state',
    actions: ({ env }) => ({
      add: changes('git', 'add', '--all', '--', folder),
      commit: changes('git', 'commit', '--quiet', '--message', message),
      push: changes('git', 'push', '--quiet', 'origin', `HEAD:refs/heads/${env.app.branch}`),
    }),
    after: () => [onRemote, workingTreeClean()],
    undo: () => forwardOnly('others may have it already', 'git revert HEAD, then git push'),
  })
}
