import { dirname, join, resolve } from 'node:path'
import { readText } from '../doors/files.ts'
import type { Draft } from '../import/draft-book.ts'
import { EXIT } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { quantity } from '../model/quantity.ts'
import { importedText } from '../render/imported-text.ts'
import { BOOK } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { UsageError } from './usage-error.ts'
import { writeFirstBook } from './write-first-book.ts'

/** Makes a first book from a markdown guide, and accounts for every block of it. */
export const importGuide = async ({
  argument,
  options,
  cwd,
  variables,
  say,
  paint,
}: Invocation): Promise<number> => {
  if (argument === undefined)
    throw new UsageError('it does not say which page', 'type: runbook import guide.md')
  const page = await readPageAt(resolve(cwd, argument), argument)
  // What it needs is loaded only here: no other command parses markdown.
  const [{ draftBook }, { reviewsIn, writeImported }] = await Promise.all([
    import('../import/draft-book.ts'),
    import('../import/write-book.ts'),
  ])
  const draft = draftBook(page)
  demandSomethingToDo(draft, argument)
  const path = resolve(cwd, options.config ?? BOOK)
  const book = writeImported(draft, argument)
  const files = new Map([
    [path, book],
    ...[...draft.files].map(([name, content]) => [join(dirname(path), name), content] as const),
  ])
  await writeFirstBook(path, files, variables)
  say(
    importedText(draft.account, {
      page: argument,
      files: [...files.keys()],
      reviews: reviewsIn(book),
      paint,
    }),
  )
  return EXIT.done
}

const readPageAt = async (path: string, given: string): Promise<string> => {
  let text: string
  try {
    text = await readText(path)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    throw new UsageError(explain(error.failure).sentence, 'name a markdown page: runbook import guide.md')
  }
  if (/[\u0000\uFFFD]/.test(text))
    throw new UsageError(`${given} is not text in UTF-8`, 'name a markdown page, or save it as UTF-8')
  if (!text.trim()) throw new UsageError(`${given} is empty`, 'name a markdown page with something in it')
  return text
}

const demandSomethingToDo = ({ parts, account }: Draft, given: string): void => {
  const steps = [...parts.values()].flatMap(({ entries }) => entries.filter(({ kind }) => kind === 'step'))
  if (steps.length) return
  throw new UsageError(
    `${given} has nothing to perform: ${quantity(account.length, 'block')}, and none is a checklist, or a block of shell or SQL`,
    'is it a markdown guide? Blocks of commands begin with ```bash, and checklists with - [ ]',
  )
}
