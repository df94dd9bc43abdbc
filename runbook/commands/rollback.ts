import { join } from 'node:path'
import { arrangeRollback, type RollbackOptions, staysAsItIs } from '../engine/arrange-rollback.ts'
import { foresee, performBook } from '../engine/perform-book.ts'
import { expectedDurations } from '../journal/durations.ts'
import { latestChange, type PastRun } from '../journal/past-runs.ts'
import { listRuns, readRun } from '../journal/runs.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { planSummary, planText } from '../render/plan-text.ts'
import { rollbackText } from '../render/rollback-text.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { mayStart } from './may-start.ts'
import type { OpenBook } from './open-book.ts'
import { runCommand } from './run-command.ts'
import { UsageError } from './usage-error.ts'

/** Takes the last run that changed something back, or the one that `--run` names. */
export const rollback = (invocation: Invocation): Promise<number> => {
  const { options, paint, say, canAsk } = invocation
  let meant: Meant | undefined
  const title = ({ book, env }: Arrangement) => `Roll ${book.name} back in ${env.name}`
  const present = (
    { target, stays }: Meant,
    plan: Plan,
    runs: readonly string[],
    heading: string,
    page: boolean,
  ) => {
    const text = page || options.verbose ? planText : planSummary
    say(`${text(plan, { title: heading, runs, paint })}${rollbackText(target, plan, stays, paint)}`)
  }

  if (options.plan)
    return lookCommand(invocation, async (open, context) => {
      meant = await readBackwards(open, invocation)
      if (!meant) return
      const { steps, runs } = await expectedDurations(open.stateDir, open.arrangement.env.name, 'rollback')
      const plan = context.recorder.redacted(await foresee(meant.arrangement, context, steps))
      present(meant, plan, runs, `Plan: ${title(open.arrangement)}`, true)
    })

  return runCommand('rollback', invocation, {
    locks: true,
    mayStart: (arrangement) => mayStart(arrangement.env, invocation, `${title(arrangement)}?`),
    read: async (open) => {
      meant = await readBackwards(open, invocation)
      if (!meant) return undefined
      const { reason } = options
      return { arrangement: meant.arrangement, takesBack: meant.target.id, ...(reason && { reason }) }
    },
    work: ({ arrangement, context, usually, runs }) =>
      performBook(arrangement, context, {
        what: title(arrangement),
        usually,
        canAsk,
        present: (plan) => present(meant!, plan, runs, title(arrangement), false),
      }),
  })
}

/** A book read backwards, and the run that it takes back. */
interface Meant {
  arrangement: Arrangement
  target: PastRun
  stays: { title: string; because: string }[]
}

const readBackwards = async (open: OpenBook, { options, say }: Invocation): Promise<Meant | undefined> => {
  const { arrangement, stateDir } = open
  const target = options.run
    ? await namedRun(options.run, stateDir, arrangement.env.name)
    : await latestChange(stateDir, arrangement.env.name)
  if (!target) {
    say(`Nothing to undo: no run has changed ${arrangement.env.name}, or the last change was taken back.\n`)
    return undefined
  }
  const rollbackOptions: RollbackOptions = {
    target,
    database: options.database,
    around: options.around ?? [],
    paths: { stamp: target.id.split('-', 1)[0]!, backups: join(stateDir, 'backups') },
  }
  return {
    arrangement: arrangeRollback(arrangement, rollbackOptions),
    target,
    stays: staysAsItIs(rollbackOptions),
  }
}

const namedRun = async (name: string, stateDir: string, env: string): Promise<PastRun> => {
  const id = chosenRun(name, listRuns(stateDir))
  const state = await readRun(stateDir, id)
  if (state.started?.env !== env)
    throw new UsageError(`the run ${id} is not of ${env}`, 'name the environment that it is of')
  return { id, state }
}
