import { type Action, type Actions, changes } from '../../runbook/index.ts'
import { movesCode } from './git-hooks.ts'
import type { incomingCommits } from './incoming-commits.ts'
import { marks, unmarks } from './move-mark.ts'

export type Observed = Awaited<ReturnType<typeof incomingCommits>>

/**
 * What brings the clone to the head of the branch, or to a revision without a branch. The files are moved once, from what
 * is there to what comes.
 */
export const moveForwards = (
  { checkedOut, here, from, tip, to, named, source, submodules, mark, lfs }: Observed,
  { remote, branch }: { remote: string; branch: string },
): Actions => {
  const keepIgnored = '--no-overwrite-ignore'
  const onto = named ? ['--detach', to, '--'] : here ? [branch, '--'] : ['-b', branch, to, '--']
  // What begins with a dash is an option to `git checkout`, and what follows `--` a file.
  const isDashed = !named && here && branch.startsWith('-')
  return {
    mark: marks(mark, { from, to }),
    // Submodules are fetched from where the new revision says that they are.
    fetch: movesCode(
      'fetch',
      ...(submodules.any ? ['--no-recurse-submodules'] : []),
      remote,
      source ?? `refs/heads/${branch}`,
    ),
    // Before a file is moved: a server that does not have one of them leaves everything as it was.
    ...(lfs?.files && { contents: movesCode('lfs', 'fetch', remote, to) }),
    ...(checkedOut === branch && !named
      ? { advance: movesCode('merge', '--ff-only', keepIgnored, to) }
      : {
          // Only from where it was seen: whoever has committed to it meanwhile is not overwritten.
          ...(here &&
            !named &&
            tip !== to && { forward: movesCode('update-ref', `refs/heads/${branch}`, to, tip) }),
          checkout: isDashed
            ? movesCode('switch', keepIgnored, '--', branch)
            : movesCode('checkout', keepIgnored, ...onto),
        }),
    // git leaves their folders, which it does not track any more; they had nothing of their own in them.
    ...(submodules.stale?.length && {
      clear: { ...changes('rm', '-rf', '--', ...submodules.stale), cwd: submodules.top },
    }),
    ...updates(submodules),
    ...(lfs?.files && { fill: fills }),
    unmark: unmarks(mark),
  }
}

/** What brings it back, without a branch: each of them can be done again, and refuses what is somebody's. */
export const moveBack = ({
  from,
  to,
  submodules,
  mark,
  lfs,
}: Observed): Readonly<Record<string, Action<'changes'>>> => ({
  mark: marks(mark, { from, to }),
  // git would leave their folders; one in which something was changed it does leave.
  ...(submodules.added.length && {
    leave: {
      ...movesCode('submodule', 'deinit', '--', ...atTop(submodules.added)),
      accept: [0, 1, 128],
    },
  }),
  back: movesCode('checkout', '--detach', from),
  ...updates(submodules),
  ...(lfs?.before && { fill: fills }),
  unmark: unmarks(mark),
})

/** Where git is set not to: puts the contents in the place of their pointers, from what was fetched. */
const fills = movesCode('lfs', 'checkout')

const updates = ({ any, readdressed }: Observed['submodules']) => ({
  ...(readdressed.length && {
    addresses: movesCode('submodule', 'sync', '--recursive', '--', ...atTop(readdressed)),
  }),
  ...(any && { submodules: movesCode('submodule', 'update', '--init', '--recursive') }),
})

/** The application's folder may be below the top of the clone. */
const atTop = (paths: readonly string[]): string[] => paths.map((path) => `:(top,literal)${path}`)
