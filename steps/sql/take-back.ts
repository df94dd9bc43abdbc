import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { schemaLacks } from '../../checks/schema-lacks.ts'
import { type Check, type Reverse, reverse, type Transaction } from '../../runbook/index.ts'
import { lossesOf } from './losses.ts'

/** The way back of what was added to a schema: it drops that, counts what goes with it, and looks whether it is gone. */
export const takesBack = (
  added: readonly SchemaObject[],
  takeBack: Transaction,
  alsoThen: readonly Check[] = [],
): Reverse =>
  reverse('schema', { takeBack }, [...(added.length ? [schemaLacks(added)] : []), ...alsoThen], {
    loses: (at) => lossesOf(at, added),
  })
