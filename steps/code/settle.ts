import { oneLine } from '../../checks/reading/one-line.ts'
import {
  type Act,
  type Command,
  changes,
  defineCheck,
  fails,
  given,
  holds,
  type Look,
  quantity,
} from '../../runbook/index.ts'
import { movesCode } from './git-hooks.ts'
import { untilUnlocked } from './git-locks.ts'
import { isEmpty, type Leftovers, leftoversIn } from './leftovers.ts'

/** Lists of files are given with NUL between them. */
const listed = (files: readonly string[]): string => files.map((file) => `${file}\0`).join('')
const filesIn = (list: string): string[] => list.split('\0').filter(Boolean)
const shown = (list: string): string => {
  const files = filesIn(list)
  const some = files.slice(0, 3).map((file) => oneLine(file, 60))
  return files.length > 3 ? `${quantity(files.length, 'file')}: ${some.join(', ')}, …` : some.join(', ')
}

const ofFiles = (folder: string, files: string, command: Command<'changes'>) => ({
  ...command,
  cwd: folder,
  input: files,
  shows: shown(files),
})
const PATHS = ['--pathspec-from-file=-', '--pathspec-file-nul'] as const

/**
 * Puts back to HEAD what a checkout that was cut off has left, or what a build of a run has changed in files that git
 * tracks: those files exactly, each with a content that a revision holds. Then every other way begins as from a clean tree.
 */
export const settling = {
  unlock: given(['locks'], ({ locks }) => changes('rm', '-f', '--', ...filesIn(locks))),
  // First what takes up room: the disk may be full.
  discard: given(['folder', 'files'], ({ folder, files }) =>
    ofFiles(folder, files, changes('xargs', '-0', 'rm', '-f', '--')),
  ),
  tidy: given(['folder', 'files'], ({ folder, files }) => ({
    ...ofFiles(folder, files, changes('xargs', '-0', 'rmdir', '--')),
    // One that is not empty stays.
    accept: [0, 1, 123],
  })),
  drop: given(['folders'], ({ folders }) => changes('rm', '-rf', '--', ...filesIn(folders))),
  unstage: given(['folder', 'files'], ({ folder, files }) =>
    ofFiles(folder, files, movesCode('--literal-pathspecs', 'reset', '--quiet', ...PATHS, 'HEAD')),
  ),
  restore: given(['folder', 'files'], ({ folder, files }) =>
    ofFiles(folder, files, movesCode('--literal-pathspecs', 'checkout', '--quiet', ...PATHS, 'HEAD')),
  ),
  modules: movesCode('submodule', 'update', '--recursive'),
}

/** Whether there is anything to put back. */
export const isUnsettled = async (at: Look): Promise<boolean> => !isEmpty(await leftoversIn(at))

export const settle = async ({ perform, prove, ...at }: Act<typeof settling, any>): Promise<void> => {
  await untilUnlocked(at)
  const found = await leftoversIn(at)
  if (isEmpty(found)) return
  if (found.locks.length) await perform('unlock', { locks: listed(found.locks) })
  for (const { folder, discard, unstage, restore } of found.trees) {
    if (discard.length) await perform('discard', { folder, files: listed(discard) })
    const emptied = foldersOf(discard)
    if (emptied.length) await perform('tidy', { folder, files: listed(emptied) })
    if (unstage.length) await perform('unstage', { folder, files: listed(unstage) })
    if (restore.length) await perform('restore', { folder, files: listed(restore) })
  }
  if (found.submodules.length) await perform('drop', { folders: listed(found.submodules) })
  if (found.moved) await perform('modules')
  const { fact, remedy, look } = nothingOfOthers(true)
  prove(fact, await look(at), remedy)
}

/** Those in which a file stood, the innermost first. */
const foldersOf = (files: readonly string[]): string[] => {
  const folders = new Set<string>()
  for (const file of files)
    for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1))
      folders.add(file.slice(0, end))
  return [...folders].sort((a, b) => b.split('/').length - a.split('/').length)
}

/**
 * The working tree is clean, but for what an interrupted checkout or a build of a run has left, which is put back.
 * `settled`: that too is gone.
 */
export const nothingOfOthers = (settled = false) =>
  defineCheck({
    fact: 'the working tree is clean',
    remedy: 'git status; then commit what was changed, or put it aside with git stash',
    look: async (at) => {
      const found = await leftoversIn(at)
      const foreign = found.trees.flatMap((tree) =>
        tree.foreign.map((path) => inClone(found, tree.folder, path)),
      )
      const own = found.trees.flatMap(({ discard, restore }) => [...discard, ...restore])
      if (foreign.length) {
        const named = foreign.slice(0, 5).join(', ')
        return fails(
          `${quantity(foreign.length, 'changed file')}: ${named}${foreign.length > 5 ? ' and more' : ''}`,
          {
            tail: foreign.slice(0, 40).join('\n'),
            // A stash would take with it what is put back.
            ...(!isEmpty(found) && {
              remedy:
                'keep elsewhere what is yours of them, then: git checkout HEAD -- and their names; what an earlier run has left is put back by itself',
            }),
          },
        )
      }
      if (isEmpty(found)) return holds('nothing is changed')
      const seen = `${quantity(own.length, 'file')} of an earlier run, with the content of a revision: ${own
        .slice(0, 5)
        .map((path) => oneLine(path))
        .join(', ')}`
      return settled ? fails(seen) : holds(`${seen}; put back first`)
    },
  })

const inClone = ({ trees: [top] }: Leftovers, folder: string, path: string): string =>
  oneLine(folder === top?.folder ? path : `${folder.slice((top?.folder.length ?? 0) + 1)}/${path}`)
