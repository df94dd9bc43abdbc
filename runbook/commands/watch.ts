import { machineName } from '../doors/process-identity.ts'
import { runIn } from '../engine/lock.ts'
import { preflight, together } from '../engine/preflight.ts'
import type { RunContext } from '../engine/run-context.ts'
import { runStep } from '../engine/run-step.ts'
import { latestEnd } from '../journal/past-runs.ts'
import { Failed } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import type { Invocation } from './invocation.ts'
import { type OpenBook, openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'
import { spanOf } from './span-of.ts'
import { UsageError } from './usage-error.ts'

const SUCH = '90s, 10m or 24h'
/** A restart that long ago says nothing of what is new. Milliseconds. */
const LONG_AGO = 24 * 3_600_000

/**
 * The monitoring window: looks for a while at what runs, and holds it against limits. It keeps nobody out, and is kept
 * out by nobody.
 */
export const watch = async (invocation: Invocation): Promise<number> => {
  const span = spanAsked(invocation)
  const open = await openBook(invocation)
  const step = watchingStep(open.arrangement, span)
  const arrangement: Arrangement = { ...open.arrangement, entries: [step], steps: [step] }
  const ended = await runReading(
    'watch',
    invocation,
    open,
    { arrangement },
    {
      locks: false,
      work: async ({ context }) => {
        await recallRestart(open, context)
        context.otherRun = () => otherRun(open, context)
        const missing = await preflight(arrangement, context)
        if (missing.length) throw new Failed(together(missing))
        await runStep(step, context)
      },
    },
  )
  return ended.exit
}

const spanAsked = ({ options }: Invocation): number | undefined => {
  if (options.for === undefined) return undefined
  const span = spanOf(options.for, SUCH)
  if (span > 0) return span
  throw new UsageError(`'${options.for}' is no time to watch`, `write it as ${SUCH}`)
}

/** The watch that the book has: its own, or one in `deploy`; otherwise what that starts knows how it is watched. */
const watchingStep = ({ book, env, steps }: Arrangement, span: number | undefined): Step => {
  const started = steps.filter(({ watch, lasting }) => watch && !lasting)
  const own = book.watch?.(env) || steps.find(({ lasting }) => lasting)
  const step = (own || started.at(-1))?.watch?.({ env, started, ...(span && { span }) })
  if (step) return { ...step, id: own ? own.id : step.id }
  throw new UsageError(
    `the book does not say what is to be watched in ${env.name}`,
    'write it: watch: (env) => watch({ logs: […], requests: […] })',
  )
}

/** What the last restart has handed on: from there on the log is new. */
const recallRestart = async (
  { arrangement: { env, steps }, stateDir }: OpenBook,
  { state, doors: { clock } }: RunContext,
): Promise<void> => {
  const starts = steps.filter((step) => step.watch && !step.lasting).map(({ id }) => id)
  const since = new Date(clock.now().getTime() - LONG_AGO)
  const then = await latestEnd(stateDir, env.name, starts, since)
  for (const id of starts) {
    const record = then?.state.steps.get(id)
    if (record) state.steps.set(id, record)
  }
}

const otherRun = async (
  { arrangement: { book, env }, stateDir }: OpenBook,
  context: RunContext,
): Promise<string | undefined> => {
  const failure = await runIn(book.name, { env: env.name, stateDir, machine: machineName() }, context)
  return failure?.kind === 'locked' ? failure.run : undefined
}
