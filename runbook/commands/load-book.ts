import type { Book } from '../model/book.ts'
import { mistakesOf } from '../model/mistakes-of-book.ts'
import type { Mistake } from '../model/step.ts'
import { UsageError } from './usage-error.ts'

/** Loads a book as TypeScript, without a build step. Its mistakes are all named at once. */
export const loadBook = async (path: string): Promise<Book> => {
  const { createJiti } = await import('jiti')
  // The book and the steps beside it share the modules of the tool that runs, wherever it is installed.
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    virtualModules: {
      runbook: await import('runbook'),
      'runbook/steps': await import('runbook/steps'),
      'runbook/checks': await import('runbook/checks'),
    },
  })
  let book: unknown
  try {
    const module = await jiti.import<{ default?: unknown }>(path)
    // `in`: where a module has no default export, jiti gives the module itself as its default.
    book = 'default' in module ? module.default : undefined
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${firstLines(error)}`, 'correct it, then try again')
  }
  const mistakes = mistakesOf(book, path)
  if (mistakes.length) throw mistaken(path, mistakes)
  return book as Book
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
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join('\n') : String(error)
