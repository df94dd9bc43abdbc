import {
  type Act,
  type Catalogue,
  type Copy,
  differencesBetween,
  Failed,
  type Failure,
  fails,
  failureOf,
  few,
  holds,
  type Performed,
  quantity,
  type Step,
} from '../../runbook/index.ts'
import { blockingConcerns, type Concern, dropConcerns } from './concerns.ts'
import { failingRows } from './failing-rows.ts'
import { measuredText } from './held.ts'
import { goneOf, holdersOf } from './holders.ts'
import { isOfMigrationTool, schemaLines } from './schema-lines.ts'

/** Under which a run goes on although something could not be rehearsed. */
export const UNREHEARSED = 'unrehearsed'

export interface TryOutOptions {
  /** Milliseconds for which a table that is in use may be locked. */
  longest: number
  isAllowed(name: string): boolean
}

/**
 * Performs migrations on a copy, in their order, and takes them back again, the last first. Says of each how it went;
 * gives what an operator has to allow.
 */
export const tryOut = async (
  act: Act<any, any>,
  copy: Copy,
  { longest, isAllowed }: TryOutOptions,
): Promise<Concern[]> => {
  const concerns: Concern[] = []
  const performed: { step: Step; before: Catalogue<string[]>; how: Performed }[] = []
  for (const step of act.migrations) {
    const before = await schemaLines(copy.look)
    const had = await holdersOf(copy.look)
    const how = await performOn(act, copy, step, isAllowed)
    // What comes after one that could not be rehearsed would stand on something else.
    if (!how) break
    performed.push({ step, before, how })
    act.prove(`“${step.title}” works on it`, holds(howItWent(how)), '')
    concerns.push(
      ...blockingConcerns(how, longest),
      ...(await dropConcerns(act, goneOf(had, await holdersOf(copy.look)))),
    )
  }
  for (const { step, before, how } of performed.toReversed())
    if (!(await provenBack(act, copy, step, before, how))) break
  return concerns
}

const howItWent = ({ actions, summary }: Performed): string => {
  const measured = actions.filter(({ statements }) => statements.some((one) => one.measured))
  return measured.length
    ? measured.map(({ statements }) => measuredText(statements)).join('; ')
    : summary || 'done'
}

/** Undefined where it could not be rehearsed, and may go on without. */
const performOn = async (
  act: Act<any, any>,
  copy: Copy,
  step: Step,
  isAllowed: (name: string) => boolean,
): Promise<Performed | undefined> => {
  try {
    return await copy.perform(step)
  } catch (error) {
    act.signal.throwIfAborted()
    const failure = failureOf(error)
    if (failure.kind === 'bug' || failure.kind === 'journal-failed') throw error
    if (failure.kind !== 'before-unmet') return stopped(act, copy, step, failure)
    const fact = `“${step.title}” can be rehearsed`
    const seen = failure.unmet.map((one) => `${one.fact}: ${one.seen}`).join('; ')
    if (isAllowed(UNREHEARSED)) {
      act.prove(fact, { holds: true, seen: `NO, and that is allowed: ${seen}` }, '')
      return undefined
    }
    const remedies = [...new Set(failure.unmet.map(({ remedy }) => remedy))].join('; ')
    act.prove(fact, fails(seen), `${remedies}; or go on without: --allow ${UNREHEARSED}`)
    return undefined
  }
}

/** What would have failed in production has failed here, and with which rows. */
const stopped = async (act: Act<any, any>, copy: Copy, step: Step, failure: Failure): Promise<never> => {
  if (failure.kind !== 'query-failed') throw new Failed(failure)
  const { line, message, sqlstate, detail, statement } = failure
  const rows = await failingRows(copy, failure, copy.statementsOf(step)).catch((error: unknown) => {
    act.signal.throwIfAborted()
    return `which rows cannot be told: ${failureOf(error).kind}`
  })
  const place = line === undefined ? '' : `line ${line}: `
  act.prove(
    `“${step.title}” works on a copy of the database`,
    fails(`${place}${message} (${sqlstate})${rows ? `; ${rows}` : detail ? `; ${detail}` : ''}`, {
      ...(statement && { tail: statement }),
    }),
    rows
      ? 'correct these rows, or the migration so that it takes them; then deploy again'
      : 'correct the migration, then deploy again',
  )
  throw new Failed(failure)
}

/** Whether what was before the step is there again, so that the one before it can be taken back too. */
const provenBack = async (
  act: Act<any, any>,
  copy: Copy,
  step: Step,
  before: Catalogue<string[]>,
  { undo }: Performed,
): Promise<boolean> => {
  const fact = `“${step.title}” can be taken back`
  if (undo.kind === 'forward-only') {
    act.prove(fact, { holds: true, seen: `NO, it goes forward only: ${undo.because}` }, '')
    return false
  }
  const untaken = undo.kind === 'reverse' ? await copy.takeBack(step) : undefined
  const different = differencesBetween(before, await schemaLines(copy.look)).filter(
    (line) => !isOfMigrationTool(line),
  )
  const remedy = `correct its \`reverse\`, or say that it goes forward only; a rollback would leave ${quantity(different.length, 'difference')}`
  if (undo.kind === 'nothing' && different.length === 0) return true
  act.prove(
    fact,
    different.length
      ? fails(`the schema is another then: ${few(different, 6, '; ')}`)
      : holds(untaken ?? 'the schema is then as it was before'),
    remedy,
  )
  return true
}
