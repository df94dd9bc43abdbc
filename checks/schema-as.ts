import {
  type Catalogue,
  defineCheck,
  differencesBetween,
  fails,
  few,
  holds,
  quantity,
} from '../runbook/index.ts'
import { type Left, schemaShape } from './reading/schema-shape.ts'

/**
 * The schema is what it was at an earlier moment, by PostgreSQL's own catalogue. `among`: only these objects, where it is
 * known that nothing else was touched; others may have come since, such as a month's partition.
 */
export const schemaAsBefore = (before: Catalogue, among?: Left) =>
  defineCheck({
    fact: 'the schema is what it was before',
    remedy:
      'compare what is named with the backup of the run, and mend it by a migration; or: runbook rollback --database=restore',
    look: async (at) => {
      const changes = differencesBetween(before, await schemaShape(at), among && Object.keys(among))
      const compared = Object.keys(among ?? before).length
      return changes.length
        ? fails(`it differs: ${few(changes)}`)
        : holds(`${quantity(compared, 'object')} compared by PostgreSQL’s catalogue`)
    },
  })

/** What a run has changed is as the run left it: nobody has built on it, or altered it, since. */
export const schemaAsLeft = (left: Left) =>
  defineCheck({
    fact: 'what the run changed in the schema is as it left it',
    remedy:
      'find out who changed it, and take it back by a migration that knows of both; or: runbook rollback --database=restore',
    look: async (at) => {
      const now = await schemaShape(at)
      const changed = Object.entries(left)
        .filter(([object, digest]) => (now[object] ?? null) !== digest)
        .map(([object]) => (object in now ? `${object} was changed since` : `${object} is gone`))
      return changed.length ? fails(few(changed)) : holds(quantity(Object.keys(left).length, 'object'))
    },
  })

/** What the undo drops was made by the run, by PostgreSQL's word and not by that of its SQL. */
export const madeByRun = (objects: readonly string[], left: Left) =>
  defineCheck({
    fact: 'what is dropped was made by the run',
    remedy: 'drop by hand what is known to be the run’s; or: runbook rollback --database=restore',
    look: async () => {
      const others = [...new Set(objects)].filter((object) => !(object in left))
      return others.length
        ? fails(`the run did not touch ${few(others)}`)
        : holds(quantity(objects.length, 'object'))
    },
  })
