import { machineName } from '../doors/process-identity.ts'
import { arrangeRollback, staysAsItIs } from '../engine/arrange-rollback.ts'
import { keptOutBy } from '../engine/lock.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import { expectedDurations } from '../journal/durations.ts'
import { latestChange, latestRollback, type PastRun } from '../journal/past-runs.ts'
import { listRuns, readRun } from '../journal/runs.ts'
import type { Told } from '../model/event.ts'
import { EXIT } from '../model/exit.ts'
import { Failed, unmet } from '../model/failure.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { rollbackText } from '../render/rollback-text.ts'
import { approve, mayBeApproved } from './approve.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
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
    const page = (whole ? planText : planSummary)({ ...plan, steps }, { title: heading, runs, paint })
    const database = options.database !== undefined
    const meaning = rollbackText(meant.target, plan, { stays: meant.stays, database, paint })
    say(`${page}${whole ? '\n' : ''}${meaning}`)
  }

  if (options.plan)
    return lookCommand(invocation, async (open, context) => {
      const meant = await readBackwards(open, invocation)
      if (!meant) return
      const { steps, runs } = await expectedDurations(open.stateDir, open.arrangement.env.name, 'rollback')
      const plan = context.recorder.redacted(await foresee(meant.arrangement, context, steps))
      present(meant, plan, runs, `Plan: ${title(open.arrangement)}`)
    })

  const open = await openBook(invocation)
  mayStart(open.arrangement.env, invocation, `${title(open.arrangement)}?`)
  mayBeApproved(open.arrangement.book, invocation)
  await refuseWhileAnotherRuns(open)
  const meant = await readBackwards(open, invocation)
  if (!meant) return EXIT.done
  const reading = {
    arrangement: meant.arrangement,
    takesBack: meant.target.id,
    ...(options.reason && { reason: options.reason }),
    told: toldBy(options),
  }
  const ended = await runReading('rollback', invocation, open, reading, {
    locks: true,
    work: async ({ arrangement, context, usually, runs }) => {
      await stillMeant(meant.target, open, invocation)
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

const toldBy = ({ database, around, inPlace }: Invocation['options']): Told => ({
  ...(database && { database }),
  ...(inPlace && { inPlace }),
  ...(around?.length && { around }),
})

/** A book read backwards, and the run that it takes back. */
interface Meant {
  arrangement: Arrangement
  target: PastRun
  stays: { title: string; because: string }[]
}

const readBackwards = async (open: OpenBook, { options, say }: Invocation): Promise<Meant | undefined> => {
  const target = await targetOf(open, options)
  if (!target) {
    say(await nothingToUndo(open))
    return undefined
  }
  if (options.inPlace && options.database !== 'restore')
    throw new UsageError('--in-place says how a backup is restored', 'add --database=restore')
  const how = rollbackOptions(target, open, options)
  const whole = arrangementOf(target, open)
  return {
    arrangement: arrangeRollback(whole, how),
    target,
    stays: staysAsItIs(whole, how),
  }
}

/** Whoever took only the code back may find out later that the database should have gone with it. */
const nothingToUndo = async ({ arrangement: { env }, stateDir }: OpenBook): Promise<string> => {
  const rollback = await latestRollback(stateDir, env.name)
  const { takesBack, told } = rollback?.started ?? {}
  if (!rollback || !takesBack) return `Nothing to undo: no run has changed ${env.name}.\n`
  const again = `runbook rollback ${env.name} --run ${takesBack} --database=schema`
  return [
    `Nothing to undo: ${takesBack} was taken back by ${rollback.id}.`,
    ...(told?.database ? [] : [`  the code only; its database too: ${again}, or --database=restore`]),
    '',
  ].join('\n')
}

/** What a run that goes on will have changed cannot be read yet. */
const refuseWhileAnotherRuns = async ({ arrangement: { env }, stateDir }: OpenBook): Promise<void> => {
  const failure = await keptOutBy({ env: env.name, stateDir, machine: machineName() })
  if (failure) throw new Failed(failure)
}

const targetOf = (
  { arrangement: { env }, stateDir }: OpenBook,
  { run }: Invocation['options'],
): Promise<PastRun | undefined> =>
  run ? namedRun(run, stateDir, env.name) : latestChange(stateDir, env.name)

/** It was read before the environment was locked: a run that went on meanwhile was read too soon. */
const stillMeant = async ({ id, state }: PastRun, open: OpenBook, { options }: Invocation): Promise<void> => {
  const now = await targetOf(open, options)
  if (now?.id === id && now.state.ended?.at === state.ended?.at) return
  const seen = now?.id === id ? 'it ended since it was read' : `it is ${now?.id ?? 'none'} now`
  throw unmet(
    `the run to take back is ${id}, as it was read`,
    seen,
    `runbook rollback ${open.arrangement.env.name}`,
  )
}

const namedRun = async (name: string, stateDir: string, env: string): Promise<PastRun> => {
  const id = chosenRun(name, listRuns(stateDir))
  const state = await readRun(stateDir, id)
  if (state.started?.env !== env)
    throw new UsageError(`the run ${id} is not of ${env}`, 'name the environment that it is of')
  return { id, state }
}
