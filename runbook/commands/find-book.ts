import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from './usage-error.ts'

export const BOOK = 'runbook.config.ts'

/** The book that `--config` names, or the first `runbook.config.ts` from the working directory upwards. */
export const findBook = (config: string | undefined, cwd: string): string => {
  if (config !== undefined) {
    const path = resolve(cwd, config)
    if (existsSync(path)) return path
    throw new UsageError(`there is no book at ${path}`, 'correct --config')
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, BOOK))) return join(folder, BOOK)
    if (folder === dirname(folder))
      throw new UsageError(
        `there is no ${BOOK} in ${cwd} or in a folder above it`,
        'go to the folder of the book, or name it with --config',
      )
  }
}
