import { machineName } from '../doors/process-identity.ts'
import { arrangeRollback, staysAsItIs } from '../engine/arrange-rollback.ts'
import { keptOutBy, runIn } from '../engine/lock.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import type { RunContext } from '../engine/run-context.ts'
import { expectedDurations } from '../journal/durations.ts'
import { referenceOf } from '../journal/reference-of.ts'
import type { Told } from '../model/event.ts'
import { EXIT } from '../model/exit.ts'
import { Failed, unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { rollbackText } from '../render/rollback-text.ts'
import { approve, mayBeApproved } from './approve.ts'
import { chooseTarget, type Target } from './choose-target.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand, looking } from './look-command.ts'
import { mayStart } from './may-start.ts'
import { type OpenBook, openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'
import { arrangementOf, rollbackOptions } from './take-back.ts'
import { UsageError } from './usage-error.ts'

/** Takes the last run that changed something back, or the one that `--run` names. */
export const rollback = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  const title = ({ book, env }: Arrangement) => `Roll ${book.name} back in ${env.name}`
  const present = (meant: Meant, plan: Plan, runs: readonly string[], heading: string) => {
    const whole = options.plan || options.verbose
    // The way back of a way back is to deploy again, whatever the step.
    const steps = plan.steps.map((step) => ({ ...step, undo: '' }))
    const database = options.database !== undefined
    const more =
      typed`runbook rollback ${plan.env.name} --plan` + (database ? ` --database=${options.database}` : '')
    const page = (whole ? planText : planSummary)(
      { ...plan, steps },
      { title: heading, runs, whole: more, paint },
    )
    const meaning = rollbackText(meant.target, plan, { stays: meant.stays, database, paint })
    say(`${page}${whole ? '\n' : ''}${meaning}`)
  }

  if (options.plan)
    return lookCommand(invocation, async (open, context) => {
      const meant = await readBackwards(open, context, invocation)
      if (!meant) return
      const { steps, runs } = await expectedDurations(open.stateDir, open.arrangement.env.name, 'rollback')
      const plan = context.recorder.redacted(await foresee(meant.arrangement, context, steps))
      present(meant, plan, runs, `Plan: ${title(open.arrangement)}`)
    })

  const open = await openBook(invocation)
  mayStart(open.arrangement.env, invocation, `${title(open.arrangement)}?`)
  mayBeApproved(open.arrangement.book, invocation)
  const meant = await looking(open, invocation, async (context) => {
    await refuseWhileAnotherRuns(open, context)
    return readBackwards(open, context, invocation)
  })
  if (!meant) return EXIT.done
  const reading = {
    arrangement: meant.arrangement,
    takesBack: meant.target.run.id,
    ...(options.reason && { reason: options.reason }),
    told: toldBy(options),
  }
  const ended = await runReading('rollback', invocation, open, reading, {
    locks: true,
    work: async ({ arrangement, context, usually, runs }) => {
      await stillMeant(meant.target, open, context, invocation)
      await performBook(arrangement, context, {
        what: title(arrangement),
        usually,
        canAsk,
        present: (plan) => present(meant, plan, runs, title(arrangement)),
        beforehand: () => approve(arrangement.book, context, options),
      })
    },
  })
  return ended.exit
}

const toldBy = ({ database, around, inPlace, from }: Invocation['options']): Told => ({
  ...(database && { database }),
  ...(inPlace && { inPlace }),
  ...(from && { from }),
  ...(around?.length && { around }),
})

/** A book read backwards, and the run that it takes back. */
interface Meant {
  arrangement: Arrangement
  target: Target
  stays: { title: string; because: string }[]
}

const readBackwards = async (
  open: OpenBook,
  context: RunContext,
  { options, say }: Invocation,
): Promise<Meant | undefined> => {
  if (options.inPlace && options.database !== 'restore')
    throw new UsageError('--in-place says how a backup is restored', 'add --database=restore')
  const target = await chooseTarget(open, options, context)
  if (typeof target === 'string') {
    say(target)
    return undefined
  }
  const { run, head } = target
  const how = { ...rollbackOptions(run, open, options), head }
  const whole = arrangementOf(run, open)
  const reference = await referenceOf(open.stateDir, run)
  return {
    arrangement: { ...arrangeRollback(whole, how), reference },
    target,
    stays: staysAsItIs(whole, how),
  }
}

/** What a run that goes on will have changed cannot be read yet. */
const refuseWhileAnotherRuns = async (
  { arrangement: { book, env }, stateDir }: OpenBook,
  context: RunContext,
): Promise<void> => {
  const where = { env: env.name, stateDir, machine: machineName() }
  const failure = (await keptOutBy(where)) ?? (await runIn(book.name, where, context))
  if (failure) throw new Failed(failure)
}

/** It was chosen before the environment was locked: what happened meanwhile was not seen. */
const stillMeant = async (
  before: Target,
  open: OpenBook,
  context: RunContext,
  { options }: Invocation,
): Promise<void> => {
  const now = await chooseTarget(open, options, context)
  if (typeof now !== 'string' && isSame(before, now)) return
  const seen =
    typeof now === 'string'
      ? now.trim()
      : isSameRun(before, now)
        ? `HEAD is ${now.head} now`
        : `it is ${now.run.id} now`
  throw unmet(
    `the run to take back is ${before.run.id}, as it was read`,
    seen,
    typed`runbook rollback ${open.arrangement.env.name}`,
  )
}

const isSame = (a: Target, b: Target): boolean => isSameRun(a, b) && a.head === b.head
const isSameRun = (a: Target, b: Target): boolean =>
  a.run.id === b.run.id && a.run.state.ended?.at === b.run.state.ended?.at
