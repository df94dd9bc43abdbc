import {
  bytes,
  type Danger,
  type Look,
  type Loss,
  lossesText,
  milliseconds,
  type Performed,
  quantity,
  type StatementResult,
} from '../../runbook/index.ts'
import { lossesOf } from '../sql/losses.ts'
import { heldBy, shortName } from './held.ts'
import type { Holder } from './holders.ts'

/** What a rehearsal has seen that nobody should meet with unprepared, under the name by which it is allowed. */
export interface Concern {
  /** `rewrite:avatars`, `drop:avatars.bio` */
  name: string
  what: string
  /** The safe way. */
  instead: string
}

/** What nobody could use for longer than `longest` ms: a table that is written anew, read in full, or only locked for so long. */
export const blockingConcerns = ({ actions, dangers }: Performed, longest: number): Concern[] =>
  actions.flatMap(({ statements }) =>
    heldBy(statements)
      .filter(({ ms }) => ms > longest)
      .map(({ table, readers, ms, mode }) => {
        const { why, statement } = whatIsDone(table, statements)
        const place = statement ? `line ${statement.line} ` : ''
        const effect = statement ? effects[why](table, statement) : `${table} is locked`
        return {
          name: `${why}:${table}`,
          what: `${place}${effect}: nobody can ${readers ? 'read or ' : ''}write ${table} for about ${milliseconds(ms)} (${mode})`,
          instead:
            adviceFor(statement, dangers) ??
            'do it at a quiet hour, or in several deployments, each of which takes less',
        }
      }),
  )

const effects: Record<'rewrite' | 'scan' | 'lock', (table: string, statement: StatementResult) => string> = {
  rewrite: (table, { measured }) => {
    const size = measured?.rewritten.find((one) => shortName(one.table) === table)?.bytes ?? 0
    return `writes all of ${table} anew, ${bytes(size)}`
  },
  scan: (table, { measured }) => {
    const rows = measured?.scanned.find((one) => shortName(one.table) === table)?.rows ?? 0
    return `reads all of ${table}, ${quantity(rows, 'row')}`
  },
  lock: (table) => `keeps ${table} locked until the transaction ends`,
}

/** The statement that keeps the table for longest, by what it does to it. */
const whatIsDone = (table: string, statements: readonly StatementResult[]) => {
  const longest = (which: (statement: StatementResult) => boolean) =>
    statements.filter(which).sort((a, b) => b.ms - a.ms)[0]
  const is = (one: { table: string }) => shortName(one.table) === table
  const rewrites = longest(({ measured }) => !!measured?.rewritten.some(is))
  if (rewrites) return { why: 'rewrite' as const, statement: rewrites }
  const scans = longest(({ measured }) => !!measured?.scanned.some(is))
  if (scans) return { why: 'scan' as const, statement: scans }
  return { why: 'lock' as const, statement: longest(() => true) }
}

/** The words that the plan has for it. */
const adviceFor = (statement: StatementResult | undefined, dangers: readonly Danger[]): string | undefined =>
  dangers.find(({ what }) => statement && new RegExp(`^line ${statement.line}\\b`).test(what))?.instead

/** What is gone after it, and what was in that; counted in the database that is in use. */
export const dropConcerns = async (live: Look, gone: readonly Holder[]): Promise<Concern[]> => {
  const concerns: Concern[] = []
  for (const { schema, table, column } of gone) {
    const object =
      column === null
        ? ({ kind: 'table', schema, name: table } as const)
        : ({ kind: 'column', schema, of: table, name: column } as const)
    const losses: Loss[] = await lossesOf(live, [object])
    if (losses.length === 0) continue
    const name = shortName(`${schema}.${table}`)
    concerns.push({
      name: `drop:${column === null ? name : `${name}.${column}`}`,
      what: `it drops ${column === null ? `the table ${name}` : `the column ${name}.${column}`}: ${lossesText(losses)}`,
      instead: 'deploy code that does not know it first, and drop it in a later deployment',
    })
  }
  return concerns
}
