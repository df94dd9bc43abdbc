import { selects } from '../../runbook/index.ts'

/** What belongs to a database by its number, so that it stays with the one that a restore replaces, and goes with it. */
export interface Tied {
  database: string
  kind: 'slot' | 'subscription'
  name: string
  active: boolean
}

/** Of any database of the server. */
export const tied = selects<Tied>(
  `SELECT database::text, 'slot' AS kind, slot_name::text AS name, active FROM pg_replication_slots
     WHERE database IS NOT NULL AND NOT temporary
   UNION ALL SELECT d.datname::text, 'subscription', s.subname::text, s.subenabled
     FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
   ORDER BY 1, 2, 3`,
)

export const tiedText = ({ kind, name, active }: Tied): string =>
  kind === 'slot'
    ? `the replication slot ${name}${active ? ', which is read now' : ''}`
    : `the subscription ${name}${active ? ', which is enabled' : ''}`
