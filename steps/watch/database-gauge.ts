import { sessionText } from '../../checks/reading/sessions.ts'
import { explain, type Look, quantity, type Sample, selects } from '../../runbook/index.ts'
import type { Breach, Gauge } from './gauge.ts'
import { percent } from './options.ts'

export interface DatabaseGaugeOptions {
  every: number
  tables?: readonly string[] | undefined
  limits: {
    connections: number
    waiting: number
    query?: number | undefined
    idleInTransaction?: number | undefined
  }
}

/** One look at the server. Ages are milliseconds; null where nothing of the kind goes on, or the role may not see it. */
interface Figures {
  connections: number
  most: number
  waiting: number[]
  query: number | null
  idle: number | null
  dead: number
  scans: number
  inserts: number
  updates: number
}

/** Who waits for a lock is seen by every role; what the queries of others are, with `pg_read_all_stats` only. */
const look = (tables: readonly string[] | undefined) =>
  selects<Figures>(
    `WITH others AS (SELECT * FROM pg_stat_activity WHERE datname = current_database()
         AND NOT (usename = current_user AND application_name = current_setting('application_name'))),
       tables AS (SELECT * FROM pg_stat_user_tables
         WHERE schemaname = current_schema() AND ($1::text[] IS NULL OR relname = ANY ($1)))
     SELECT (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL)::int AS connections,
       current_setting('max_connections')::int AS most,
       ARRAY(SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
         AND (database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = current_database()))
         ORDER BY pid) AS waiting,
       (SELECT max(extract(epoch FROM clock_timestamp() - query_start) * 1000)::float8 FROM others
         WHERE state = 'active' AND backend_type = 'client backend') AS query,
       (SELECT max(extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8 FROM others
         WHERE state LIKE 'idle in transaction%') AS idle,
       (SELECT coalesce(sum(n_dead_tup), 0)::float8 FROM tables) AS dead,
       (SELECT coalesce(sum(seq_scan), 0)::float8 FROM tables) AS scans,
       (SELECT coalesce(sum(n_tup_ins), 0)::float8 FROM tables) AS inserts,
       (SELECT coalesce(sum(n_tup_upd), 0)::float8 FROM tables) AS updates`,
    tables ? [...tables] : null,
  )

interface Blocked {
  pid: number
  role: string
  application: string
  client: string
  query: string
  by: number[]
}
const blocked = (pids: readonly number[]) =>
  selects<Blocked>(
    `SELECT pid, coalesce(usename, '?') AS role, coalesce(application_name, '') AS application,
       coalesce(host(client_addr), '') AS client, pg_blocking_pids(pid) AS by,
       left(regexp_replace(coalesce(query, ''), '\\s+', ' ', 'g'), 200) AS query
     FROM pg_stat_activity WHERE pid = ANY ($1::int[])`,
    [...pids],
  )

/** How many looks in a row the server may not answer. */
const UNANSWERED = 3

/** The environment's database: connections, who waits for a lock, the longest query, and what its tables go through. */
export class DatabaseGauge implements Gauge {
  readonly name = 'the database'
  readonly every: number
  #now: Figures | undefined
  #rates: Sample = {}
  #seenAt = 0
  /** Since when each backend has been seen to wait. */
  #waitingSince = new Map<number, number>()
  #longestWait = 0
  #longestQuery = 0
  #unanswered = 0
  #why: { sentence: string; remedy: string } | undefined

  constructor(
    private readonly at: Look,
    private readonly options: DatabaseGaugeOptions,
  ) {
    this.every = options.every
  }

  async look(at: number): Promise<void> {
    const seen = await this.at.attempt(look(this.options.tables))
    if (!seen.ok) {
      this.#unanswered += 1
      this.#why = explain(seen.failure)
      return
    }
    this.#unanswered = 0
    const now = seen.value[0]!
    const since = new Map(now.waiting.map((pid) => [pid, this.#waitingSince.get(pid) ?? at]))
    this.#waitingSince = since
    this.#longestWait = Math.max(0, ...[...since.values()].map((began) => at - began))
    this.#longestQuery = Math.max(this.#longestQuery, now.query ?? 0)
    if (this.#now && at > this.#seenAt) this.#rates = ratesBetween(this.#now, now, at - this.#seenAt)
    this.#now = now
    this.#seenAt = at
  }

  figures(): Sample {
    const { connections = 0, waiting = [], query, idle, dead = 0 } = this.#now ?? {}
    return {
      connections,
      waiting: waiting.length,
      'longest wait': this.#longestWait,
      'longest query': Math.round(query ?? 0),
      'idle in transaction': Math.round(idle ?? 0),
      'dead rows': dead,
      ...this.#rates,
    }
  }

  told(): string[] {
    const { connections = 0, most = 0, waiting = [] } = this.#now ?? {}
    return [
      `${connections} of ${most} connections`,
      ...(waiting.length ? [`${waiting.length} waiting for a lock`] : []),
      `longest query ${(this.#longestQuery / 1000).toFixed(1)} s`,
    ]
  }

  amiss(): string | undefined {
    if (this.#unanswered) return this.#why!.sentence
    // For a moment somebody always waits: only who has been seen twice counts.
    if (this.#longestWait === 0) return undefined
    return `${quantity(this.#waitingSince.size, 'session')} of the database waiting for a lock, for ${seconds(this.#longestWait)}`
  }

  async breach(): Promise<Breach | undefined> {
    const { connections, waiting, query, idleInTransaction } = this.options.limits
    if (this.#unanswered >= UNANSWERED)
      return { fact: 'the database answers', seen: this.#why!.sentence, remedy: this.#why!.remedy }
    if (!this.#now || this.#unanswered) return undefined
    const { connections: there, most, query: longest, idle } = this.#now
    if (there > connections * most)
      return {
        fact: `at most ${percent(connections)} of the database's connections are taken`,
        seen: `${there} of ${most}`,
        remedy: `see whose: SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC`,
      }
    if (this.#longestWait >= waiting) return this.#blockedFor(waiting)
    if (query !== undefined && (longest ?? 0) > query)
      return tooOld(`no query takes ${seconds(query)}`, longest!, "state = 'active' ORDER BY query_start")
    if (idleInTransaction !== undefined && (idle ?? 0) > idleInTransaction)
      return tooOld(
        `no transaction is idle for ${seconds(idleInTransaction)}`,
        idle!,
        "state LIKE 'idle in transaction%' ORDER BY state_change",
      )
    return undefined
  }

  async #blockedFor(limit: number): Promise<Breach> {
    const [pid] = [...this.#waitingSince].toSorted(([, a], [, b]) => a - b)[0]!
    const seen = await this.at.attempt(blocked([pid]))
    const who = seen.ok ? seen.value[0] : undefined
    const by = who?.by.filter((other) => other !== 0) ?? []
    return {
      fact: `nobody waits ${seconds(limit)} for a lock`,
      seen: `${who ? sessionText(who) : `pid ${pid}`} has waited for ${seconds(this.#longestWait)}${by.length ? ` for pid ${by.join(', ')}` : ''}${who?.query ? `: ${who.query}` : ''}`,
      remedy: by.length
        ? `see what it does, then end it: SELECT pg_terminate_backend(${by[0]})`
        : `find who is in the way: SELECT pg_blocking_pids(${pid})`,
    }
  }

  forgive(): void {
    this.#waitingSince.clear()
    this.#longestWait = 0
    this.#unanswered = 0
  }
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`

const tooOld = (fact: string, age: number, where: string): Breach => ({
  fact,
  seen: `the longest: ${seconds(age)}`,
  remedy: `SELECT pid, usename, application_name, query FROM pg_stat_activity WHERE ${where}`,
})

/** The server's counters only grow, unless somebody resets them. */
const ratesBetween = (before: Figures, now: Figures, ms: number): Sample => {
  const rate = (of: 'scans' | 'inserts' | 'updates') =>
    Number(((Math.max(0, now[of] - before[of]) * 1000) / ms).toFixed(2))
  return { 'seq scans/s': rate('scans'), 'inserts/s': rate('inserts'), 'updates/s': rate('updates') }
}
