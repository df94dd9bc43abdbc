import { type Action, type Actions, type Command, type Planned, readsFile } from '../model/action.ts'
import type { Danger } from '../model/danger.ts'
import type { Json } from '../model/json.ts'
import type { Look } from '../model/look.ts'
import { type BlockPlace, migrationsInWords } from '../model/migrations/migrations-in.ts'
import { withNames } from '../model/print-action.ts'
import { printText } from '../model/secret.ts'
import type { Known, Step } from '../model/step.ts'
import type { Undo } from '../model/undo.ts'
import type { Arrangement } from '../plan/plan.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** What of a step, or of its undo, changes the schema of the database although its role does not say so. */
export const undeclaredMigrations = async (step: Step, known: Known<Json>, look: Look): Promise<string[]> => {
  if (step.role !== undefined || (step.sort !== 'state' && step.sort !== 'follows')) return []
  if (step.migrates) return [...step.migrates(known)]
  const found = await inActions(step.actions(known) as Actions, look)
  if (found.length) return found
  const undo = step.undo(known)
  return undo.kind === 'reverse'
    ? (await inActions(undo.actions, look)).map((one) => `${one}, to take it back`)
    : []
}

const inActions = async (actions: Readonly<Record<string, Planned>>, look: Look): Promise<string[]> => {
  const found: string[] = []
  for (const action of Object.values(actions).map(withNames))
    if (action.kind === 'command')
      found.push(...(await migrationsInWords(wordsOf(action), placeOf(action, look), inputOf(action))))
  return [...new Set(found)]
}

const wordsOf = ({ argv }: Command): string[] => argv.map(printText)

const inputOf = ({ input }: Command) =>
  input === undefined ? { reads: false } : { reads: true, sql: printText(input) }

const placeOf = ({ cwd = '.' }: Command, { attempt }: Look): BlockPlace => ({
  folder: cwd,
  read: async (path) => {
    const file = await attempt(readsFile(path))
    return file.ok ? file.value : undefined
  },
})

/**
 * The undo of a step, which is one of the database where anything tells that: the step's role, SQL among its actions, a
 * program that migrates in what it undoes or in itself. A rollback performs it only where it is asked for the database.
 */
export const undoOf = async (step: Step, known: Known<Json>, look: Look): Promise<Undo> => {
  const undo = step.undo(known)
  if (undo.kind !== 'reverse' || undo.of === 'schema') return undo
  const ofDatabase =
    step.role === 'migration' ||
    Object.values(undo.actions).some(isSql) ||
    (await undeclaredMigrations(step, known, look)).length > 0
  return ofDatabase ? { ...undo, of: 'schema' } : undo
}

const isSql = ({ kind }: Action): boolean => kind === 'query' || kind === 'transaction'

/** What a plan says of such a step before the question. */
export const undeclaredDanger = (programs: readonly string[]): Danger => ({
  rule: 'migration-without-role',
  what: `it runs ${programs.join(' and ')}, which changes the database, and the step does not say so`,
  because: 'it is not rehearsed on a copy, and nothing sees to it that a backup stands before it',
  instead: HOW_TO_SAY_SO,
})

export const HOW_TO_SAY_SO =
  "write role: 'migration' into the step, behind the backup; or take what migrates into a step of its own, such as prismaMigrate() or applySql({ file })"

/** The steps of a book that change the database without saying so, as far as that shows before any of them is observed. */
export const undeclaredIn = async (
  { steps, env }: Arrangement,
  context: RunContext,
): Promise<{ step: Step; programs: string[] }[]> => {
  const found: { step: Step; programs: string[] }[] = []
  for (const step of steps) {
    const look = lookOf(context, step)
    try {
      const observed = step.migrates ? ((await step.observe(look)) as Json) : null
      const known = { observed, env, run: context.paths }
      const programs = await undeclaredMigrations(step, known, look)
      if (programs.length) found.push({ step, programs })
    } catch {
      // What it does depends on what it sees: the plan tells.
      context.signal.throwIfAborted()
    }
  }
  return found
}
