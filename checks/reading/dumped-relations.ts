import { isOwnSchema } from '../../runbook/index.ts'

/**
 * The relations `c` in schemas `n` whose rows a dump of the whole database holds: what extensions own comes back
 * with `CREATE EXTENSION`, and temporary tables are other sessions' own.
 */
export const isDumped = `${isOwnSchema} AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`
