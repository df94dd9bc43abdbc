import { arrangeResume, isBehind } from '../engine/arrange-resume.ts'
import { arrangeRollback } from '../engine/arrange-rollback.ts'
import { performBook } from '../engine/perform-book.ts'
import { demandStillHolds } from '../engine/still-holds.ts'
import { seeToSurvivors } from '../engine/survivors.ts'
import { isBegun } from '../journal/fold.ts'
import { recall } from '../journal/history.ts'
import { referenceOf } from '../journal/reference-of.ts'
import { listRuns } from '../journal/runs.ts'
import { isForwards } from '../model/event.ts'
import { EXIT } from '../model/exit.ts'
import { unmet } from '../model/failure.ts'
import type { Arrangement } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { resumeText } from '../render/resume-text.ts'
import { approve, demandApprover } from './approve.ts'
import { demandEnough, fromWhere } from './choose-target.ts'
import { chosenRun } from './chosen-run.ts'
import { demandWhole } from './demand-whole.ts'
import { findBook } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { looking } from './look-command.ts'
import { mayStart } from './may-start.ts'
import { type OpenBook, openBook, openEach, stateDirOf } from './open-book.ts'
import { demandOwnRun } from './prepare-state-dir.ts'
import { meantBy } from './restore.ts'
import { runReading, type Unfinished, type Work } from './run-reading.ts'
import { arrangementOf, orTakeBack, rollbackOptions } from './take-back.ts'
import { demandAsInLedger, demandMayGoOn, nothingUnfinished, unfinishedRun } from './unfinished-run.ts'

/**
 * Goes on with a run that was killed, interrupted or has failed, in its own transcript: what it has done stays done, a
 * step in doubt is looked at, the rest is performed.
 */
export const resume = async (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  demandApprover(invocation)
  const stateDir = stateDirOf(invocation, findBook(options.config, invocation.cwd))
  const run = await unfinishedHere(invocation, stateDir)
  if (!run) {
    say(await nothingToResume(invocation, stateDir))
    return EXIT.done
  }
  demandOwnRun(stateDir, run.id)
  const { command, env, fingerprint } = run.state.started!
  // By its word another environment would be looked at.
  if (!run.id.includes(`Z-${env}-`)) demandWhole({ ...run, env })
  const open = await openBook({ ...invocation, env })
  await looking(open, invocation, async (context) => {
    await demandAsInLedger(run, context, { stateDir, allow: options.allow })
    await demandMayGoOn(run, context)
  })
  const whole = await readAgain(run, open, invocation)
  const title = `Go on with the ${whole.procedure ?? command} of ${whole.book.name} in ${env}`
  mayStart(whole.env, invocation, `${title}?`)
  const done = whole.steps.filter((step) => isBehind(step, run.state))

  const changed = fingerprint !== whole.fingerprint
  const heading = resumeText(run, { done, changed, paint })

  const work = (given: Work): Promise<void> => {
    const { arrangement, context, usually, runs } = given
    const text = options.verbose ? planText : planSummary
    return orTakeBack(given, invocation, async () => {
      say(heading)
      await demandMayGoOn(run, context)
      await seeToSurvivors(context)
      await demandStillHolds(done, context)
      await performBook(arrangement, context, {
        what: title,
        whole,
        usually,
        canAsk,
        present: (plan) => say(text(plan, { title, runs, paint })),
        // What was approved once, before its first effect, is not asked for again.
        beforehand: async () => {
          if (!isForwards(command) && !isBegun(run.state)) await approve(whole.book, context, options)
        },
      })
    })
  }
  const reading = { arrangement: arrangeResume(whole, run.state) }
  return (await runReading(command, invocation, open, reading, { locks: true, work }, run)).exit
}

/** Named by its id, or by the environment that it is of. */
const unfinishedHere = async (
  { env: name }: Invocation,
  stateDir: string,
): Promise<Unfinished | undefined> => {
  const runs = listRuns(stateDir)
  if (name === undefined) return unfinishedRun(undefined, stateDir)
  if (runs.some((run) => run.includes(`Z-${name}-`))) return unfinishedRun(undefined, stateDir, name)
  return runs.some((run) => run.includes(name)) ? unfinishedRun(name, stateDir) : undefined
}

/** What was looked at, in each environment; refuses where a run is unfinished that is kept elsewhere. */
const nothingToResume = async (invocation: Invocation, stateDir: string): Promise<string> => {
  const { env: name } = invocation
  const all = await openEach(invocation)
  // 'production-eu' is that environment, and no run of 'production'.
  const isEnvironment = all.some(({ arrangement: { env } }) => env.name === name)
  const named = all.filter(
    ({ arrangement: { env } }) =>
      name === undefined || (isEnvironment ? name === env.name : name.includes(env.name)),
  )
  if (named.length === 0) chosenRun(name, listRuns(stateDir))
  const seen: string[] = []
  for (const open of named)
    seen.push(await looking(open, invocation, (context) => nothingUnfinished(context, name)))
  return `Nothing to go on with: ${seen.join('; ')}.\n`
}

/** The whole of what the run was to do. */
const readAgain = async (
  { id, state }: Unfinished,
  open: OpenBook,
  invocation: Invocation,
): Promise<Arrangement> => {
  const { command, takesBack, env, told = {} } = state.started!
  if (command === 'restore') {
    return (await meantBy(open, { argument: told.backup, options: told }, invocation)).arrangement
  }
  if (command !== 'rollback') return open.of(told.procedure, told.revision)
  if (takesBack === undefined) throw new Error(`${id} is a rollback of nothing`)
  const target = await looking(open, invocation, async (context) => {
    const history = await context.ledger.history()
    const known = history.find((one) => one.id === takesBack)
    if (known) {
      if (known.here && !told.from) demandOwnRun(open.stateDir, takesBack)
      const { whole, flaws, last, ...run } = await recall(open.stateDir, fromWhere(known, told.from, env))
      // What was allowed when it began still is; its own transcript has just been held against the ledger.
      const allow = [...(told.allow ?? []), ...(invocation.options.allow ?? [])]
      demandWhole({ id: takesBack, env, flaws, ledger: known.ledger, last, allow })
      if (!whole) await demandEnough(known, told, open.stateDir, context)
      return run
    }
    throw unmet(
      `the run ${takesBack}, which ${id} rolls back, is known`,
      'neither its transcript is here, nor has the ledger such a run',
      `get its transcript into ${open.stateDir}/runs`,
    )
  })
  return {
    ...arrangeRollback(arrangementOf(target, open), rollbackOptions(target, open, told)),
    reference: await referenceOf(open.stateDir, target),
  }
}
