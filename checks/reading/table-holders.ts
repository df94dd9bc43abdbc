import { type Json, type Look, type Query, selects } from '../../runbook/index.ts'

/** A table, view or index that is to be locked. `readers`: for them too, not only for who writes. */
export type ToLock = { readonly schema: string; readonly table: string; readonly readers: boolean }

/** A transaction whose lock on one of them is in the way. */
export interface Holder {
  /** Null: prepared for a two-phase commit, and in no session. */
  readonly pid: number | null
  /** The same for as long as the transaction goes on. */
  readonly transaction: string
  readonly table: string
  readonly user: string
  readonly application: string
  readonly from: string
  readonly doing: string
  /** When the transaction began, and how many ms ago; null where the role may not see it. */
  readonly since: string | null
  readonly ms: number | null
  readonly query: string
}

/** Who holds any of these tables, the oldest transaction first. Without `pg_read_all_stats` the role does not see what others do. */
export const holdersOf = async (at: Look, tables: readonly ToLock[]): Promise<Holder[]> =>
  tables.length === 0 ? [] : at.see(holders(tables))

const holders = (tables: readonly ToLock[]): Query<'reads', Holder> => {
  const list = (of: (table: ToLock) => Json): Json => tables.map(of)
  return selects<Holder>(
    `SELECT DISTINCT ON (a.xact_start, l.virtualtransaction) l.pid, l.virtualtransaction AS transaction,
       format('%I.%I', n.nspname, c.relname) AS table, coalesce(a.usename, 'not known') AS user,
       coalesce(nullif(a.application_name, ''), 'a program without a name') AS application,
       coalesce(host(a.client_addr), 'this machine') AS from, coalesce(a.state, a.backend_type, 'active') AS doing,
       to_char(a.xact_start, 'HH24:MI:SS') AS since,
       (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS ms,
       left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 200) AS query
     FROM unnest($1::text[], $2::text[], $3::boolean[]) AS w (schema, name, readers)
     JOIN pg_namespace n ON n.nspname = w.schema
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
     JOIN pg_locks l ON l.locktype = 'relation' AND l.relation = c.oid AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.pid IS DISTINCT FROM pg_backend_pid()
       AND (w.readers OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
     ORDER BY a.xact_start, l.virtualtransaction`,
    list(({ schema }) => schema),
    list(({ table }) => table),
    list(({ readers }) => readers),
  )
}

/** 'process 41 holds public.avatars: psql of app from 10.0.0.7, idle in transaction since 02:14:09 (83 s): SELECT …' */
export const holderText = ({ pid, table, ...who }: Holder): string => {
  if (pid === null) return `a prepared transaction holds ${table}`
  const since = who.since === null || who.ms === null ? '' : ` since ${who.since} (${age(who.ms)})`
  return `process ${pid} holds ${table}: ${who.application} of ${who.user} from ${who.from}, ${who.doing}${since}${who.query && `: ${who.query}`}`
}

/** What an operator does about it. */
export const holderRemedy = ({ pid, query }: Holder): string => {
  if (pid === null)
    return 'find it: SELECT gid, owner, prepared FROM pg_prepared_xacts; then COMMIT PREPARED or ROLLBACK PREPARED'
  return query.startsWith('autovacuum:')
    ? `it ends by itself; or, as a superuser: SELECT pg_cancel_backend(${pid}); then deploy again`
    : `wait until it has ended, or end it: SELECT pg_terminate_backend(${pid}); then deploy again`
}

const age = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`)
