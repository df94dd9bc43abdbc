import { takenOf, writeNew } from '../doors/new-files.ts'
import type { Invocation } from './invocation.ts'
import { loadBook } from './load-book.ts'
import { UsageError } from './usage-error.ts'

/** Writes a book and what stands beside it, never over anything; what does not load is taken away again. */
export const writeFirstBook = async (
  path: string,
  files: ReadonlyMap<string, string>,
  variables: Invocation['variables'],
): Promise<void> => {
  demandNoneThere([...files.keys()])
  const takeAway = await writeNew(files)
  try {
    await loadBook(path, variables)
  } catch (error) {
    await takeAway()
    throw error
  }
}

export const demandNoneThere = (paths: readonly string[]): void => {
  const taken = takenOf(paths)
  if (taken.length)
    throw new UsageError(
      `${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already; nothing was written`,
      'move that away, or name another book with --config elsewhere/runbook.config.ts',
    )
}
