import { historyOf, type KnownRun } from '../journal/history.ts'
import { pastRuns } from '../journal/past-runs.ts'
import { byTime } from '../journal/run-id.ts'
import { EXIT } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import { jsonLine } from '../model/unseen.ts'
import { runsTable } from '../render/runs-table.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { looking } from './look-command.ts'
import { type OpenBook, openEach, stateDirOf } from './open-book.ts'
import { UsageError } from './usage-error.ts'

/** Past runs, the latest last, those of other operators too; of one environment where one is named. */
export const runs = async (invocation: Invocation): Promise<number> => {
  const { options, env, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const { past, unread } = await everyRun(stateDir, invocation)
  if (options.json)
    for (const { id, summary, here, ledger } of past) {
      const { started, ended } = summary
      const kept = here ? {} : { keptBy: ledger?.holder }
      out(`${jsonLine({ ...started, run: id, ended: ended ?? null, ...kept })}\n`)
    }
  else if (past.length) say(runsTable(past, paint))
  else if (unread.length === 0) say(`No runs yet${env === undefined ? '' : ` of ${env}`}.\n`)
  for (const line of unread) say(`${paint.yellow('!')} ${visible(line)}\n`)
  return EXIT.done
}

/** What the transcripts here and the ledgers of the environments tell; where one could not be read, that is told too. */
const everyRun = async (
  stateDir: string,
  invocation: Invocation,
): Promise<{ past: KnownRun[]; unread: string[] }> => {
  const { env: only } = invocation
  const unread: string[] = []
  const known: KnownRun[][] = []
  const read = new Set<string>()
  const books = await booksOf(invocation).catch((error) => {
    unread.push(`what others did is not known: ${sentenceOf(error)}`)
    return []
  })
  await Promise.all(
    books.map(async (open) => {
      const { name } = open.arrangement.env
      try {
        const content = await looking(open, invocation, (context) => context.ledger.read(), {
          anyTarget: true,
        })
        known.push(await historyOf(stateDir, name, content))
        read.add(name)
        if (content.damaged.length)
          unread.push(`line ${content.damaged.join(', ')} of the ledger of ${name} cannot be read`)
      } catch (error) {
        invocation.signal.throwIfAborted()
        unread.push(
          `the ledger of ${name} was not read, so that what others did there is not known: ${sentenceOf(error)}`,
        )
      }
    }),
  )
  const others: KnownRun[] = []
  for await (const summary of pastRuns(stateDir, only))
    if (!read.has(summary.started?.env ?? '')) others.unshift({ id: summary.id, summary, here: true })
  return { past: interleaved([...known, others]), unread }
}

/** The runs of each environment stay in their order, which its ledger tells; between two of them the clocks decide. */
const interleaved = (each: readonly KnownRun[][]): KnownRun[] => {
  const waiting = each.map((runs) => runs.toReversed()).filter((runs) => runs.length > 0)
  const result: KnownRun[] = []
  while (waiting.length > 0) {
    const next = waiting.reduce((a, b) => (byTime(a.at(-1)!.id, b.at(-1)!.id) <= 0 ? a : b))
    result.push(next.pop()!)
    if (next.length === 0) waiting.splice(waiting.indexOf(next), 1)
  }
  return result
}

const booksOf = async (invocation: Invocation): Promise<OpenBook[]> => {
  const all = await openEach(invocation)
  return all.filter(({ arrangement: { env } }) => invocation.env === undefined || env.name === invocation.env)
}

const sentenceOf = (error: unknown): string =>
  error instanceof UsageError ? error.message : explain(failureOf(error)).sentence
