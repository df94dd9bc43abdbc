import type { Entry } from '../model/book.ts'
import type { Step } from '../model/step.ts'
import { waysOf } from '../model/ways.ts'
import type { Arrangement, Plan } from '../plan/plan.ts'
import { isAhead } from '../plan/with-rehearsal.ts'
import { askFor } from './ask.ts'
import { databaseDoor } from './carry-out.ts'
import { runBook } from './run-book.ts'
import type { RunContext } from './run-context.ts'
import type { Expected } from './run-step.ts'

/** The migrations of an arrangement that a rehearsal tries out: of two ways those of the first. */
export const migrationsOf = ({ entries, steps }: Pick<Arrangement, 'entries' | 'steps'>): Step[] => {
  const ways = waysOf(entries)
  return steps.filter(({ id, role }) => role === 'migration' && ways.get(id)?.place !== 'second')
}

/**
 * Performs what an operator should know the outcome of before saying yes: the backup, and the rehearsal of what changes
 * the database. An ordinary question stands before it, so that a mistyped name starts no dump. Gives what is left to do;
 * where the plan shows that nothing changes the database, that is all of it.
 */
export const performAhead = async (
  arrangement: Arrangement,
  plan: Plan,
  expected: Expected,
  context: RunContext,
): Promise<readonly Entry[]> => {
  const { entries, env, steps } = arrangement
  const isWaiting = ({ id }: Step) => plan.steps.find((one) => one.id === id)?.expects !== 'done'
  const migrations = migrationsOf(arrangement).filter(isWaiting)
  context.migrations = migrations
  const ahead = entries.filter(isAhead)
  if (ahead.length === 0 || migrations.length === 0) return entries
  const { database } = databaseDoor(context.doors, env)
  const question = steps.some(({ role }) => role === 'backup')
    ? `Back up ${database} first, and rehearse on a copy what will change it? What is live is compared with before.`
    : `Rehearse first, on a copy of ${database}, what will change it? What is live is compared with before.`
  await askFor({ kind: 'go-on', question, env }, context)
  await runBook(ahead, { ...context, foreseen: plan.revision }, expected)
  return entries.filter((entry) => !isAhead(entry))
}
