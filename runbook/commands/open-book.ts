import { dirname, join, resolve } from 'node:path'
import { askOnTerminal } from '../doors/prompt.ts'
import type { Book } from '../model/book.ts'
import { Failed } from '../model/failure.ts'
import type { Arrangement } from '../plan/plan.ts'
import { arrange, demandRevisionTaken } from './arrange.ts'
import { findBook } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { loadBook } from './load-book.ts'

/** A book, opened for one of its environments. */
export interface OpenBook {
  /** What `deploy` gives for it. */
  arrangement: Arrangement
  /**
   * What one of the book's procedures gives for it; without a name: `deploy`. `revision`: of an earlier run. Default: what
   * the command line names.
   */
  of(procedure: string | undefined, revision?: string): Arrangement
  bookFolder: string
  stateDir: string
}

/** Finds and loads the book, and settles which environment is meant; `first` may refuse before that is asked. */
export const openBook = async (
  invocation: Invocation,
  first: (book: Book) => void = () => {},
): Promise<OpenBook> => {
  const path = findBook(invocation.options.config, invocation.cwd)
  const book = await invocation.reading(path, () => loadBook(path, invocation.variables))
  first(book)
  const env = invocation.env ?? (await askEnvironment(book, invocation))
  return invocation.reading(path, async () => openFor(book, env, path, invocation))
}

/** The book for each of its environments, for what is asked of all of them. */
export const openEach = async (invocation: Invocation): Promise<OpenBook[]> => {
  const path = findBook(invocation.options.config, invocation.cwd)
  return invocation.reading(path, async () => {
    const book = await loadBook(path, invocation.variables)
    return Object.keys(book.environments).map((env) => openFor(book, env, path, invocation))
  })
}

const openFor = (book: Book, env: string, path: string, invocation: Invocation): OpenBook => {
  const { options, argument } = invocation
  const of: OpenBook['of'] = (procedure, revision = options.revision) => {
    const arrangement = arrange(book, env, path, { procedure, revision })
    return demandRevisionTaken(arrangement, options.revision)
  }
  const arrangement = arrange(book, env, path, { revision: options.revision })
  return {
    // Of `run` the procedure is asked for by its name.
    arrangement: argument === undefined ? demandRevisionTaken(arrangement, options.revision) : arrangement,
    of,
    bookFolder: dirname(path),
    stateDir: stateDirOf(invocation, path),
  }
}

/** `--state-dir`, or `.runbook` beside the book, which is looked for only then. */
export const stateDirOf = ({ options, cwd }: Invocation, path?: string): string =>
  options.stateDir
    ? resolve(cwd, options.stateDir)
    : join(dirname(path ?? findBook(options.config, cwd)), '.runbook')

const askEnvironment = async (book: Book, { canAsk, signal }: Invocation): Promise<string> => {
  const names = Object.keys(book.environments)
  const message = 'Which environment?'
  if (!canAsk)
    throw new Failed({ kind: 'answer-needed', question: message, flag: `its name: ${names.join(', ')}` })
  const choices = names.map((name) => ({ name, value: name }))
  return askOnTerminal({ kind: 'choose', message, choices }, signal)
}
