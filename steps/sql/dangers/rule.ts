import type { ColumnDef, Constraint, RangeVar } from 'libpg-query'
import type { Danger } from '../../../runbook/index.ts'

/** What is said of a statement, or a clause of one, that is dangerous. */
export type Advice = Omit<Danger, 'rule'>

/** Rules by name. Each sees one danger in a subject, or nothing. */
export type Rules<Subject> = Readonly<
  Record<string, (subject: Subject, situation: Situation) => Advice | undefined | false>
>

/** What the statements before have done. */
export interface Situation {
  /** Whether the files themselves have made it. */
  isNew(relation: RangeVar): boolean
  /** What this transaction has locked for everybody, and in which line. */
  readonly locked: Map<string, number>
}

/** One clause of ALTER TABLE. */
export interface Clause {
  readonly relation: RangeVar
  readonly table: string
  readonly subtype: string
  /** Of the column or constraint that it names. */
  readonly name: string
  readonly column: ColumnDef | undefined
  /** Its own, or those in the definition of its column. */
  readonly constraints: readonly Constraint[]
}
