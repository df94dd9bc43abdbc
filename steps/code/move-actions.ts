import { type Actions, changes } from '../../runbook/index.ts'
import type { incomingCommits } from './incoming-commits.ts'
import { marks, unmarks } from './move-mark.ts'

export type Observed = Awaited<ReturnType<typeof incomingCommits>>

/** What brings the clone to the head of the branch. The files are moved once, from what is there to what comes. */
export const moveForwards = (
  { checkedOut, here, from, tip, to, submodules, mark }: Observed,
  { remote, branch }: { remote: string; branch: string },
): Actions => {
  const keepIgnored = '--no-overwrite-ignore'
  const onto = here ? [branch, '--'] : ['-b', branch, to, '--']
  return {
    mark: marks(mark, { from, to }),
    // Submodules are fetched from where the new revision says that they are.
    fetch: changes(
      'git',
      'fetch',
      ...(submodules.any ? ['--no-recurse-submodules'] : []),
      remote,
      `refs/heads/${branch}`,
    ),
    ...(checkedOut === branch
      ? { advance: changes('git', 'merge', '--ff-only', keepIgnored, to) }
      : {
          // Only from where it was seen: whoever has committed to it meanwhile is not overwritten.
          ...(here &&
            tip !== to && { forward: changes('git', 'update-ref', `refs/heads/${branch}`, to, tip) }),
          checkout: changes('git', 'checkout', keepIgnored, ...onto),
        }),
    ...updates(submodules),
    unmark: unmarks(mark),
  }
}

/** What brings it back, without a branch: each of them can be done again, and refuses what is somebody's. */
export const moveBack = ({ from, to, submodules, mark }: Observed) => ({
  mark: marks(mark, { from, to }),
  // git would leave their folders; one in which something was changed it does leave.
  ...(submodules.added.length && {
    leave: {
      ...changes('git', 'submodule', 'deinit', '--', ...atTop(submodules.added)),
      accept: [0, 1, 128],
    },
  }),
  back: changes('git', 'checkout', '--detach', from),
  ...updates(submodules),
  unmark: unmarks(mark),
})

const updates = ({ any, readdressed }: Observed['submodules']) => ({
  ...(readdressed.length && {
    addresses: changes('git', 'submodule', 'sync', '--recursive', '--', ...atTop(readdressed)),
  }),
  ...(any && { submodules: changes('git', 'submodule', 'update', '--init', '--recursive') }),
})

/** The application's folder may be below the top of the clone. */
const atTop = (paths: readonly string[]): string[] => paths.map((path) => `:(top,literal)${path}`)
