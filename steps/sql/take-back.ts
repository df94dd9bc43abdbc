import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { type Left, shapeKeyOf } from '../../checks/reading/schema-shape.ts'
import { madeByRun, schemaAsBefore, schemaAsLeft } from '../../checks/schema-as.ts'
import { schemaLacks } from '../../checks/schema-lacks.ts'
import { type Catalogue, type Check, type Reverse, reverse, type Transaction } from '../../runbook/index.ts'
import { lossesOf } from './losses.ts'

/** What PostgreSQL's catalogue said before and after a migration; absent in older transcripts. */
export interface Seen {
  before?: Catalogue | undefined
  /** What the migration had changed when it was done; undefined where it did not get to its end. */
  left?: Left | undefined
}

interface TakeBackOptions {
  /** The statements drop `added`, and nothing else. */
  derived: boolean
  /** What must hold besides before it is begun, and when it is done. */
  first?: readonly Check[]
  alsoThen?: readonly Check[]
}

/**
 * The undo of a migration. It is begun only where what the run has changed is as the run left it, drops only what
 * PostgreSQL has seen the run make, counts what goes with that, and is done when the schema is what it was, by PostgreSQL's
 * own word.
 */
export const takesBack = (
  added: readonly SchemaObject[],
  takeBack: Transaction,
  { before, left, derived, first = [], alsoThen = [] }: Seen & TakeBackOptions,
): Reverse =>
  reverse(
    'schema',
    { takeBack },
    [
      ...(added.length ? [schemaLacks(added)] : []),
      ...(before ? [schemaAsBefore(before, left)] : []),
      ...alsoThen,
    ],
    {
      before: [
        ...first,
        ...(left ? [schemaAsLeft(left), ...(derived ? [madeByRun(added.map(shapeKeyOf), left)] : [])] : []),
      ],
      loses: (at) => lossesOf(at, added),
    },
  )
