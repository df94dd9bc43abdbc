import type { StatementResult } from '../../runbook/index.ts'
import { bytes, milliseconds, quantity } from '../../runbook/index.ts'

/** A table that was locked for others, by the strongest of the locks on it. */
export interface Held {
  /** `avatars`, or `billing.invoices` outside of `public`. */
  table: string
  /** As PostgreSQL's documentation writes it: ACCESS EXCLUSIVE. */
  mode: string
  readers: boolean
  /** From the statement that took it to the end of the transaction. Milliseconds. */
  ms: number
}

const STRENGTH = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']

/** What a transaction kept from others, and for how long. */
export const heldBy = (statements: readonly StatementResult[]): Held[] => {
  const held = new Map<string, Held & { strength: number }>()
  for (const [i, { measured }] of statements.entries()) {
    const ms = statements.slice(i).reduce((sum, one) => sum + one.ms, 0)
    for (const { table, mode } of measured?.locks ?? []) {
      const [strength, known] = [STRENGTH.indexOf(mode), held.get(table)]
      // The first lock is the longest; a stronger one that comes later is told with its own time.
      if (known && known.strength >= strength) continue
      held.set(table, { table: shortName(table), mode: wordsOf(mode), readers: strength === 3, ms, strength })
    }
  }
  return [...held.values()].map(({ strength, ...one }) => one)
}

/** '18 statements in 14 ms; ACCESS EXCLUSIVE on avatars for 14 ms; nothing rewritten' */
export const measuredText = (statements: readonly StatementResult[]): string => {
  const took = statements.reduce((sum, { ms }) => sum + ms, 0)
  const held = heldBy(statements).sort((a, b) => b.ms - a.ms)
  const rewritten = statements.flatMap(({ measured }) => measured?.rewritten ?? [])
  const scanned = statements
    .flatMap(({ measured }) => measured?.scanned ?? [])
    .filter(({ rows }) => rows >= MANY)
  return [
    `${quantity(statements.length, 'statement')} in ${milliseconds(took)}`,
    ...held.slice(0, MOST).map(({ table, mode, ms }) => `${mode} on ${table} for ${milliseconds(ms)}`),
    ...(held.length > MOST ? [`and on ${quantity(held.length - MOST, 'more table')}`] : []),
    rewritten.length
      ? `rewritten: ${rewritten.map(({ table, bytes: size }) => `${shortName(table)} (${bytes(size)})`).join(', ')}`
      : 'nothing rewritten',
    ...(scanned.length
      ? [
          `read in full: ${scanned.map(({ table, rows }) => `${shortName(table)} (${quantity(rows, 'row')})`).join(', ')}`,
        ]
      : []),
  ].join('; ')
}

const MOST = 4
/** Fewer rows are not worth a word. */
const MANY = 1000

export const shortName = (table: string): string => table.replace(/^public\./, '')

const wordsOf = (mode: string): string =>
  mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
