import { cacheFolder } from '../doors/cache-folder.ts'
import { importedBy } from '../doors/imported-by.ts'
import type { Book } from '../model/book.ts'
import { mistakesOf } from '../model/mistakes-of-book.ts'
import type { Mistake } from '../model/step.ts'
import { demandNobodyElseWrites } from './find-book.ts'
import { UsageError } from './usage-error.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** Loads a book as TypeScript, without a build step. Its mistakes are all named at once. */
export const loadBook = async (path: string, variables: Variables): Promise<Book> => {
  // To load a book is to run them too.
  for (const file of importedBy(path)) demandNobodyElseWrites(file, 'what the book imports,')
  let book: unknown
  try {
    const module = await importBook(path, variables)
    // `in`: where a module has no default export, jiti gives the module itself as its default.
    book = 'default' in module ? module.default : undefined
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${firstLines(error)}`, 'correct it, then try again')
  }
  const mistakes = mistakesOf(book, path)
  if (mistakes.length) throw mistaken(path, mistakes)
  return book as Book
}

const importBook = async (path: string, variables: Variables): Promise<{ default?: unknown }> => {
  const { createJiti } = await import('jiti')
  // The book and the steps beside it share the modules of the tool that runs, wherever it is installed.
  const virtualModules = {
    runbook: await import('runbook'),
    'runbook/steps': await import('runbook/steps'),
    'runbook/checks': await import('runbook/checks'),
  }
  const load = (fsCache: string | false) =>
    createJiti(import.meta.url, { fsCache, virtualModules }).import<{ default?: unknown }>(path)
  // To make JavaScript of a book takes longer than all else that this tool does before it asks or plans.
  const cache = cacheFolder(variables)
  if (cache === undefined) return load(false)
  try {
    return await load(cache)
  } catch (error) {
    // A full disk, say, must not keep a book from being loaded.
    if (String((error as NodeJS.ErrnoException | null)?.path).startsWith(cache)) return load(false)
    throw error
  }
}

const mistaken = (path: string, mistakes: readonly Mistake[]): UsageError =>
  new UsageError(
    [
      `${path} has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:`,
      ...mistakes.map(({ at, expected }) => `  ${at || 'the book'}: ${expected}`),
    ].join('\n'),
    'correct it, then try again; nothing was done',
  )

const firstLines = (error: unknown): string =>
  error instanceof Error
    ? (error.stack ?? error.message).split('\n').slice(0, 4).join('\n')
    : `it throws ${String(error)}`
