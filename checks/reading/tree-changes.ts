import { type Look, reads } from '../../runbook/index.ts'

/** What a revision has in one place. */
export interface TreeEntry {
  readonly mode: string
  readonly id: string
}
/** A path that two revisions have otherwise; undefined where one of them lacks it. */
export interface TreeChange {
  readonly path: string
  readonly from: TreeEntry | undefined
  readonly to: TreeEntry | undefined
}

export const isSubmodule = (entry: TreeEntry | undefined): boolean => entry?.mode === '160000'

/** What differs between two revisions. `cwd`: the top of the working tree. */
export const treeChanges = async (
  at: Look,
  { cwd, from, to, env = {} }: { cwd: string; from: string; to: string; env?: Record<string, string> },
): Promise<TreeChange[]> => {
  if (from === to) return []
  const raw = reads('git', 'diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', from, to)
  const fields = (await at.see({ ...raw, cwd, env })).split('\0')
  const changes: TreeChange[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [mode, toMode, id, toId] = fields[i]!.slice(1).split(' ') as [string, string, string, string]
    changes.push({ path: fields[i + 1]!, from: entryOf(mode, id), to: entryOf(toMode, toId) })
  }
  return changes
}

const entryOf = (mode: string, id: string): TreeEntry | undefined =>
  mode === '000000' ? undefined : { mode, id }

/** How a path stands against an entry: another content, mode or kind, or nothing there. */
export type Otherwise = 'changed' | 'missing'

/**
 * Which of these paths are otherwise in the working tree than their entries say. An index of their own in the scratch
 * folder knows nothing of their times, so that git reads every one of them, with its filters and line ends, whatever
 * the index of the clone says of them.
 */
export const otherwise = async (
  at: Look,
  cwd: string,
  entries: readonly { path: string; entry: TreeEntry | undefined }[],
): Promise<Map<string, Otherwise>> => {
  const lines = entries.flatMap(({ path, entry }) =>
    entry && !isSubmodule(entry) ? [`${entry.mode} ${entry.id}\t${path}\0`] : [],
  )
  if (!lines.length) return new Map()
  count += 1
  const env = { GIT_INDEX_FILE: `${await at.scratch()}/index-${count}` }
  const git = (...args: string[]) => ({ ...reads('git', '-c', 'core.fsmonitor=false', ...args), cwd, env })
  await at.see({ ...git('update-index', '-z', '--index-info'), input: lines.join('') })
  await at.see({ ...git('update-index', '-q', '--refresh'), accept: [0, 1] })
  const fields = (await at.see(git('diff-files', '-z', '--name-status', '--no-renames'))).split('\0')
  const found = new Map<string, Otherwise>()
  for (let i = 0; i + 1 < fields.length; i += 2)
    found.set(fields[i + 1]!, fields[i] === 'D' ? 'missing' : 'changed')
  return found
}

/** Several looks may be under way at once. */
let count = 0
