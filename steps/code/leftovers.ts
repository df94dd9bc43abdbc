import { changedFiles } from '../../checks/reading/changed-files.ts'
import { isSubmodule, otherwise, type TreeChange, treeChanges } from '../../checks/reading/tree-changes.ts'
import { type Look, reads } from '../../runbook/index.ts'
import { ownLocks } from './git-locks.ts'
import { keptChanges } from './kept-changes.ts'
import { readMark } from './move-mark.ts'

/** What one working tree, the clone's or a submodule's, has of a checkout that was cut off, or of a build. */
export interface TreeLeftovers {
  /** Absolute. */
  readonly folder: string
  /** Files that HEAD lacks, with the content of the other revision, or its beginning. */
  readonly discard: readonly string[]
  /** What the index has of them. */
  readonly unstage: readonly string[]
  /** Files of HEAD that are gone, or have the other revision's content, or a beginning of it. */
  readonly restore: readonly string[]
  /** Changed by somebody: neither HEAD nor the other revision has it so. */
  readonly foreign: readonly string[]
}
export interface Leftovers {
  readonly trees: readonly TreeLeftovers[]
  readonly locks: readonly string[]
  /** Folders of submodules that HEAD lacks, with nothing in them that their own repository does not have. */
  readonly submodules: readonly string[]
  /** A submodule stands at another commit than HEAD says. */
  readonly moved: boolean
}

/** What stands in the clone that is nobody's work, judged by the content of each file; and what is somebody's. */
export const leftoversIn = async (at: Look): Promise<Leftovers> => {
  const folder = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
  const head = await at.see(reads('git', 'rev-parse', '--verify', 'HEAD'))
  const mark = await readMark(at)
  const other = mark?.from === head ? mark.to : mark?.to === head ? mark.from : undefined
  const others = [
    ...(other ? [{ revision: other, changes: await changesTo(at, folder, head, other) }] : []),
    { changes: await asBuilt(at, folder, head) },
  ]
  const found = await leftoversOf(at, folder, head, others)
  return { ...found, locks: await ownLocks(at) }
}

export const isEmpty = ({ trees, locks, submodules, moved }: Leftovers): boolean =>
  !moved &&
  ![locks, submodules, ...trees.flatMap(({ discard, unstage, restore }) => [discard, unstage, restore])].some(
    (list) => list.length,
  )

/** A state of the working tree that is nobody's work, as it differs from HEAD. */
interface Other {
  readonly changes: readonly TreeChange[]
  /** Where it is a revision. */
  readonly revision?: string
}

/** As the last build has left it. */
const asBuilt = async (at: Look, cwd: string, head: string): Promise<TreeChange[]> => {
  const kept = await keptChanges(at, head)
  if (!kept.length) return []
  const listed = await at.see({
    ...reads('git', '--literal-pathspecs', 'ls-tree', '-r', '-z', '--full-tree', head),
    cwd,
  })
  const entries = new Map(
    listed.split('\0').map((line) => {
      const [, mode = '', id = '', path = ''] = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? []
      return [path, { mode, id }] as const
    }),
  )
  return kept.map(({ path, entry }) => ({ path, from: entries.get(path), to: entry }))
}

const leftoversOf = async (
  at: Look,
  folder: string,
  head: string,
  others: readonly Other[],
): Promise<Omit<Leftovers, 'locks'>> => {
  const own = { discard: new Set<string>(), unstage: new Set<string>(), restore: new Set<string>() }
  const explained = new Set<string>()
  const below: Omit<Leftovers, 'locks'>[] = []
  const submodules: string[] = []
  let moved = false
  const dirty = (await changedFiles(at, folder)).paths
  const isDirty = new Set(dirty.map(({ path }) => path))
  for (const { revision, changes } of others) {
    const files = changes.filter(({ from, to }) => !isSubmodule(from) && !isSubmodule(to))
    const [ofHead, ofOther] = [
      await otherwise(
        at,
        folder,
        files.map(({ path, from }) => ({ path, entry: from })),
      ),
      await otherwise(
        at,
        folder,
        files.map(({ path, to }) => ({ path, entry: to })),
      ),
    ]
    for (const { path, from, to } of files) {
      const state = await stateOf(at, folder, { path, from, to }, { head, revision, ofHead, ofOther })
      if (state === 'foreign') continue
      explained.add(path)
      if (from && (state === 'other' || isDirty.has(path))) own.restore.add(path)
      if (!from && state === 'other') own.discard.add(path)
      if (!from && isDirty.has(path)) own.unstage.add(path)
    }
    for (const { path, from, to } of changes.filter(({ from, to }) => isSubmodule(from) || isSubmodule(to))) {
      const sub = `${folder}/${path}`
      const stands = await headOf(at, sub, folder)
      if (!stands) continue
      if (!isSubmodule(from)) {
        if (await isUntouched(at, sub, to!.id)) submodules.push(sub)
        explained.add(path)
        if (isDirty.has(path)) own.unstage.add(path)
        continue
      }
      const end = [from?.id, to?.id].find((id) => id !== stands)
      if (stands !== from?.id && stands !== to?.id) continue
      explained.add(path)
      if (isDirty.has(path)) moved = true
      const others = end ? [{ revision: end, changes: await changesTo(at, sub, stands, end) }] : []
      below.push(await leftoversOf(at, sub, stands, others))
    }
  }
  const foreign = dirty.map(({ path }) => path).filter((path) => !explained.has(path))
  const tree = {
    folder,
    discard: [...own.discard],
    unstage: [...own.unstage],
    restore: [...own.restore],
    foreign,
  }
  return {
    trees: [tree, ...below.flatMap(({ trees }) => trees)],
    submodules: [...submodules, ...below.flatMap((one) => one.submodules)],
    moved: moved || below.some((one) => one.moved),
  }
}

/** Without what a sparse checkout leaves out, which no checkout writes. None where a fetch never brought the other. */
const changesTo = async (at: Look, cwd: string, head: string, other: string): Promise<TreeChange[]> => {
  const known = await at.attempt({ ...reads('git', 'cat-file', '-e', `${other}^{tree}`), cwd })
  if (!known.ok) return []
  const changes = await treeChanges(at, { cwd, from: head, to: other })
  const sparse = await at.attempt({ ...reads('git', 'config', '--bool', 'core.sparseCheckout'), cwd })
  if (!sparse.ok || sparse.value !== 'true') return changes
  const listed = await at.see({ ...reads('git', 'ls-files', '-t', '-z'), cwd })
  const left = new Set(listed.split('\0').flatMap((line) => (line.startsWith('S ') ? [line.slice(2)] : [])))
  return changes.filter(({ path }) => !left.has(path))
}

interface Against {
  head: string
  revision: string | undefined
  ofHead: Map<string, string>
  ofOther: Map<string, string>
}

/** `head`: as HEAD has it. `other`: as the other revision has it, or on the way there. */
const stateOf = async (
  at: Look,
  folder: string,
  { path, from, to }: TreeChange,
  { head, revision, ofHead, ofOther }: Against,
): Promise<'head' | 'other' | 'foreign'> => {
  const [here, there] = [ofHead.get(path), ofOther.get(path)]
  if (from && !here) return 'head'
  if (to && !there) return 'other'
  // A file is removed before its new content is written.
  if (here === 'missing' || there === 'missing') return from ? 'other' : 'head'
  if (!revision) return 'foreign'
  if (to && (await isBeginning(at, folder, revision, path))) return 'other'
  if (from && (await isBeginning(at, folder, head, path))) return 'other'
  return 'foreign'
}

/** What git was writing when it was ended, or the disk was full, is the beginning of a file, or nothing of it. */
const BEGINNING = `
test -f "./$2" && test ! -L "./$2" || exit 1
size=$(wc -c < "./$2") || exit 1
git cat-file --filters "$1:$2" | head -c "$((size))" | cmp -s - "./$2"`.trim()

const isBeginning = async (at: Look, cwd: string, revision: string, path: string): Promise<boolean> =>
  (await at.attempt({ ...reads('sh', '-c', BEGINNING, 'sh', revision, path), cwd })).ok

/** The commit of a submodule that is checked out in a folder; undefined where it is only a folder of its parent. */
const headOf = async ({ attempt }: Look, cwd: string, parent: string): Promise<string | undefined> => {
  const read = await attempt({ ...reads('git', 'rev-parse', '--show-toplevel', 'HEAD'), cwd })
  const [top, head] = read.ok ? read.value.split('\n') : []
  return top !== parent ? head : undefined
}

/** Whether everything in a submodule is a commit that its repository has. */
export const isUntouched = async ({ attempt }: Look, cwd: string, commit: string): Promise<boolean> => {
  const head = await attempt({ ...reads('git', 'rev-parse', 'HEAD'), cwd })
  const status = await attempt({ ...reads('git', 'status', '--porcelain', '--ignored', '-z'), cwd })
  return head.ok && head.value === commit && status.ok && status.value === ''
}
