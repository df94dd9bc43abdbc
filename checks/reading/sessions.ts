import { selects } from '../../runbook/index.ts'

/** Somebody in a database. */
export interface Session {
  pid: number
  role: string
  application: string
  /** Empty where the role may not see it. */
  client: string
  /** Whether this role may end it. */
  endable: boolean
}

/** The sessions of a database, this run's own apart. Of autovacuum, which has no role, the server takes care itself. */
export const sessionsOf = (database: string) =>
  selects<Session>(`SELECT ${sessionColumns} FROM pg_stat_activity a WHERE ${isOther}`, database)

/** What a session of another role does is hidden from an ordinary one: then `backend_type` is null. */
const sessionColumns = `a.pid, coalesce(a.usename, '?') AS role, coalesce(a.application_name, '') AS application,
  coalesce(host(a.client_addr), CASE WHEN a.backend_type IS NULL THEN '' ELSE 'the server itself' END) AS client,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    OR NOT coalesce((SELECT rolsuper FROM pg_roles r WHERE r.oid = a.usesysid), true)
      AND (pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')) AS endable`

/** `$1`: the database. A run calls all its sessions by its own name. */
export const isOther = `a.datname = $1 AND a.usesysid IS NOT NULL
  AND NOT (a.usename = current_user AND a.application_name = current_setting('application_name'))`

/** 'pid 4711 (lumiku, lumiku-backend, from 10.0.0.3)'. */
export const sessionText = ({ pid, role, application, client }: Omit<Session, 'endable'>): string =>
  `pid ${pid} (${[role, application, client && `from ${client}`].filter(Boolean).join(', ')})`
