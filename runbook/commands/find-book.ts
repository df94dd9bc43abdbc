import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { strangerOwning, writersOnWay } from '../doors/whose.ts'
import { unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import { UsageError } from './usage-error.ts'

export const BOOK = 'runbook.config.ts'

/**
 * The book that `--config` names, or the first `runbook.config.ts` from the working directory upwards. That one is refused (exit 3)
 * where it is somebody else's: to load a book is to run it, and who names it means it. The same as git's `safe.directory`. Either is
 * refused where others may write it, as `.env.<environment>` is: what is meant by its name is not what they make of it.
 */
export const findBook = (config: string | undefined, cwd: string): string => {
  if (config !== undefined) {
    const path = resolve(cwd, config)
    if (existsSync(path)) return ofNobodyElse(path)
    throw new UsageError(`there is no book at ${path}`, 'correct --config')
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, BOOK))) return ofSomebodyTrusted(join(folder, BOOK))
    if (folder === dirname(folder))
      throw new UsageError(
        `there is no ${BOOK} in ${cwd} or in a folder above it`,
        'go to the folder of the book, or name it with --config',
      )
  }
}

const ofSomebodyTrusted = (path: string): string => {
  const stranger = strangerOwning(path) ?? strangerOwning(dirname(path))
  if (!stranger) return ofNobodyElse(path)
  throw unmet(
    `the book ${path} is yours`,
    stranger.what,
    typed`to load a book is to run it; where you trust it, name it: --config ${path}; or for good: git config --global --add safe.directory ${dirname(path)}`,
  )
}

const ofNobodyElse = (path: string): string => {
  demandNobodyElseWrites(path, 'the book')
  return path
}

/** Refuses (exit 3) what others may write; `what` it is in the book's words. */
export const demandNobodyElseWrites = (path: string, what: string): void => {
  const writer = writersOnWay(path)
  if (writer) throw unmet(`nobody else may write ${what} ${path}`, writer.what, writer.remedy)
}
