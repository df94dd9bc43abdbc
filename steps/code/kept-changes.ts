import { changedFiles } from '../../checks/reading/changed-files.ts'
import { storeOfLook } from '../../checks/reading/store-of-look.ts'
import type { TreeEntry } from '../../checks/reading/tree-changes.ts'
import {
  type Act,
  type Actions,
  defineCheck,
  given,
  holds,
  type Look,
  quantity,
  reads,
  readsFile,
  type Step,
  typed,
  writesFile,
} from '../../runbook/index.ts'

/** A file that git tracks, as a build has left it; undefined where it has removed it. */
export interface KeptChange {
  readonly path: string
  readonly entry: TreeEntry | undefined
}

const recordPath = ({ see }: Look): Promise<string> =>
  see(reads('git', 'rev-parse', '--git-path', 'RUNBOOK_BUILT'))

/** Which files that git tracks the last build has changed, where it was one of this commit. */
export const keptChanges = async (at: Look, head: string): Promise<KeptChange[]> => {
  const read = await at.attempt(readsFile(await recordPath(at)))
  const [of, ...lines] = read.ok ? read.value.split('\n') : []
  if (of !== head) return []
  return lines.flatMap((line): KeptChange[] => {
    const [, mode, id, path] = /^(\d{6}) ([0-9a-f]+) (".*")$/.exec(line) ?? []
    if (!mode || !id || !path) return []
    return [{ path: JSON.parse(path) as string, entry: mode === '000000' ? undefined : { mode, id } }]
  })
}

const recordOf = (head: string, changes: readonly KeptChange[]): string =>
  [
    head,
    ...changes.map(({ path, entry = { mode: '000000', id: '0' } }) =>
      [entry.mode, entry.id, JSON.stringify(path)].join(' '),
    ),
    '',
  ].join('\n')

/** As what stands there now would be committed; nothing of it comes into the clone. */
const asTheyAre = async (at: Look, cwd: string, paths: readonly string[]): Promise<KeptChange[]> => {
  const scratch = await at.scratch()
  count += 1
  const env = { ...(await storeOfLook(at)), GIT_INDEX_FILE: `${scratch}/built-${count}` }
  const add = { ...reads('git', 'update-index', '--add', '--remove', '-z', '--stdin'), cwd, env }
  await at.see({ ...add, input: paths.map((path) => `${path}\0`).join('') })
  const listed = await at.see({ ...reads('git', 'ls-files', '--stage', '-z'), cwd, env })
  const entries = new Map(
    listed.split('\0').flatMap((line) => {
      const [, mode, id, path] = /^(\d{6}) ([0-9a-f]+) \d\t(.*)$/s.exec(line) ?? []
      return mode && id && path !== undefined ? [[path, { mode, id }] as const] : []
    }),
  )
  return paths.map((path) => ({ path, entry: entries.get(path) }))
}
let count = 0

/** Holes, as a plan prints them. */
const GIT = 'the git folder'
const CHANGED = 'what of it git tracks'

/**
 * A step that may change files which git tracks, such as a build into a folder that was committed. Which it changed, and
 * into what, is kept in the git folder: a pull, and the way back, put exactly these back first, and would be refused by
 * git otherwise. What was changed before it began is somebody's. `out`: what it writes, from the application's folder.
 */
export const keepingChanges = (step: Step, out: string): Step => ({
  ...step,
  needs: (at) => [...step.needs(at), canBePutBack(out)],
  actions: (at): Actions => ({
    ...step.actions(at),
    keep: given([GIT, CHANGED], (values) => ({
      ...writesFile(`${values[GIT]}/RUNBOOK_BUILT`, values[CHANGED]!, 0o644),
      shows: `${values[CHANGED]}`,
    })),
  }),
  run: (act) => whileKeeping(act, step),
})

const whileKeeping = async (act: Act<any, any>, step: Step): Promise<void> => {
  const top = await act.attempt(reads('git', 'rev-parse', '--show-toplevel'))
  if (!top.ok) return step.run(act)
  const changed = async () => (await changedFiles(act, top.value)).paths.map(({ path }) => path)
  const others = await changedByOthers(act, top.value, await changed())
  const keep = async (perform: Act<any, any>['perform']) => {
    const paths = (await changed()).filter((path) => !others.has(path))
    const head = await act.see(reads('git', 'rev-parse', 'HEAD'))
    const folder = await act.see(reads('git', 'rev-parse', '--path-format=absolute', '--git-dir'))
    await perform('keep', {
      [GIT]: folder,
      [CHANGED]: recordOf(head, await asTheyAre(act, top.value, paths)),
    })
  }
  try {
    await step.run(act)
  } catch (error) {
    await keep(act.cleanUp).catch(() => {})
    throw error
  }
  await keep(act.perform)
}

/** But for what an earlier build has left so. */
const changedByOthers = async (at: Look, top: string, changed: readonly string[]): Promise<Set<string>> => {
  const kept = await keptChanges(at, await at.see(reads('git', 'rev-parse', 'HEAD')))
  const now = await asTheyAre(
    at,
    top,
    kept.map(({ path }) => path),
  )
  const same = new Set(kept.filter((one, i) => one.entry?.id === now[i]?.entry?.id).map(({ path }) => path))
  return new Set(changed.filter((path) => !same.has(path)))
}

const canBePutBack = (out: string) =>
  defineCheck({
    fact: `what the build writes into ${out} is in nobody's way`,
    remedy: typed`git rm -r --cached -- ${out}`,
    look: async ({ attempt }) => {
      const listed = await attempt(reads('git', 'ls-files', '-z', '--', out))
      const files = listed.ok ? listed.value.split('\0').filter(Boolean).length : 0
      if (!files) return holds('git tracks nothing of it')
      return holds(
        `git tracks ${quantity(files, 'file')} of it: what the build changes is put back before the code moves. ` +
          typed`Better: git rm -r --cached -- ${out}, and name it in .gitignore`,
      )
    },
  })
