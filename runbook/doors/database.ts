import type { Client, ClientConfig, QueryResult } from 'pg'
import type { Query, StatementResult, Transaction } from '../model/action.ts'
import { durableCommit } from '../model/durable-commit.ts'
import { EXACT } from '../model/exact-session.ts'
import { Failed } from '../model/failure.ts'
import { WHOLE_DATABASE } from '../model/limits.ts'
import { sqlName } from '../model/sql-word.ts'
import { demandBinding } from './channel-binding.ts'
import type { Clock } from './clock.ts'
import { blindClient } from './database-client.ts'
import { passwordOf } from './database-password.ts'
import { addressOf, choosePlace, type DatabasePlace, isOpen, placesOf } from './database-places.ts'
import { encryptionsOf, tlsOf } from './database-tls.ts'
import type { DatabaseTarget } from './database-url.ts'
import { Lookers } from './lookers.ts'
import { measuring } from './measure.ts'
import { isPoolFull, isRefusedOption, poolerName, type Shared, type Way, wayOf } from './pooler.ts'
import { answeredWithin, cut, cutAfter, endsInTime } from './silent-server.ts'

/** How long a server may take to accept a connection, and a look to answer. Milliseconds. */
const CONNECT = 10_000
const LOOK = 30_000
/** How long a server may take to forget what a session was given. Milliseconds. */
const DISCARD = 2_000
/** Between two attempts to cancel a transaction. Milliseconds. */
const CANCEL_EVERY = 100
/** How long a connection is silent before it is seen whether the other end is still there. Milliseconds. */
const KEEP_ALIVE = 60_000
const EXACTLY = Object.entries(EXACT).map(([name, value]) => `${name}=${value}`)

export interface DatabaseOptions {
  name: string
  schema: string
  clock: Clock
  /** The secret that has its address, as a person is told. Default: DATABASE_URL. */
  secret?: string
  /** In which files of passwords are looked for. Default: none. */
  variables?: Readonly<Record<string, string | undefined>>
  /** What leads to the server, where it is not reached directly. */
  tunnel?(
    signal: AbortSignal,
    to: { host: string; port: string },
  ): Promise<{ host: string; port: string } | undefined>
  /** Whether each statement of a transaction is measured: of a copy, where its locks keep nobody waiting for longer. */
  measures?: true
}

interface HowToOpen extends Pick<ConnectOptions, 'pipeline' | 'startUp'> {
  given: string[]
}

interface ConnectOptions {
  /** Of the session: `name=value`. */
  settings?: string[]
  /** Queries are sent without waiting for the answer to the one before. */
  pipeline?: boolean
  /** What is committed stays, whatever the role or the database says of `synchronous_commit`. */
  durable?: boolean
  /** What another client said of the session that it wants, in the place of what is usual here; who it is apart. */
  startUp?: Readonly<Record<string, string>>
}

/** A PostgreSQL server, and the connections of one run to it. */
export class DatabaseDoor {
  /** Read-only sessions, by database. */
  #lookers = new Map<string, Lookers>()
  /** Those that count and compare. */
  #exactLookers = new Map<string, Lookers>()
  /** Whether the server wants no encryption, once it is known. */
  #plain = false
  /** Which of the servers of its URL it is, once that was looked at. */
  #place: Promise<DatabasePlace> | undefined
  /** Whether something between refuses what a session is given at its beginning. */
  #bare = false
  /** How each database is reached, once that was looked at. */
  #ways = new Map<string, Promise<Way>>()
  #leaving: ((databases: readonly string[], via: string | undefined) => Promise<void>)[] = []

  constructor(
    private readonly target: DatabaseTarget,
    private readonly options: DatabaseOptions,
  ) {}

  get database(): string {
    return this.target.database!
  }

  /** A door to another database, which knows itself by the same name. */
  to(target: DatabaseTarget, more: Partial<DatabaseOptions>): DatabaseDoor {
    return new DatabaseDoor(target, { ...this.options, ...more })
  }

  /** How a run names its sessions. */
  get name(): string {
    return this.options.name
  }

  /** Where it is; of several hosts each. */
  get server(): string {
    return placesOf(this.target)
      .map(({ host, port }) => `${host}:${port}`)
      .join(',')
  }

  /** What it knows of its server; where its URL names several, of the one that this run has chosen. */
  async placed(signal?: AbortSignal): Promise<DatabaseTarget> {
    return { ...this.target, ...(await this.#chosen(signal)) }
  }

  /**
   * What the programs of libpq on this machine are told in place of the URL's parts: the server that this run has chosen, and
   * by which way. The name of the host stays, because certificates and files of passwords have it.
   */
  async reached(signal: AbortSignal): Promise<DatabaseTarget> {
    const places = placesOf(this.target)
    if (!this.options.tunnel && !isOpen(this.target, places)) return {}
    const place = await this.#chosen(signal)
    const way = await this.options.tunnel?.(signal, addressOf(place))
    if (!way) return place
    const password =
      this.target.password ?? (await passwordOf(this.target, place, this.options.variables ?? {}))
    return {
      ...(place.host.startsWith('/') ? { host: way.host } : { host: place.host, hostaddr: way.host }),
      port: way.port,
      ...(password && { password }),
    }
  }

  async #chosen(signal: AbortSignal | undefined): Promise<DatabasePlace> {
    return this.#placeOf(signal).catch((error) => {
      signal?.throwIfAborted()
      throw error instanceof Failed ? error : this.#unreachable(error)
    })
  }

  /** All its connections lead to one server: what is locked there must be what is changed. */
  #placeOf(signal: AbortSignal | undefined): Promise<DatabasePlace> {
    const places = placesOf(this.target)
    if (!isOpen(this.target, places)) return Promise.resolve(places[0]!)
    const attributes = this.target.target_session_attrs ?? 'any'
    const bare = { given: [], pipeline: false }
    this.#place ??= choosePlace(places, attributes, (place) =>
      this.#openAt(place, this.database, signal, bare),
    )
    const choosing = this.#place
    choosing.catch(() => {
      if (this.#place === choosing) this.#place = undefined
    })
    return choosing
  }

  /** Which secret has its address. */
  get secret(): string {
    return this.options.secret ?? 'DATABASE_URL'
  }

  /** Host, port and database as a person names them, without the password. */
  get printed(): string {
    return `${this.database} at ${this.server}`
  }

  /** Looks share a few read-only sessions; a change has one of its own. */
  async query<Row>(query: Query, printed: string, signal: AbortSignal): Promise<Row[]> {
    const limit = query.effect === 'reads' ? (query.timeout ?? LOOK) : query.timeout
    const run = async (client: Client) =>
      answeredWithin(client, limit, () =>
        within(client, { timeout: query.timeout, signal }, async () => {
          const text = { text: query.sql, values: [...query.values] }
          return (await cancellable(client, signal, () => client.query(text))).rows
        }),
      )
    try {
      const work =
        query.effect === 'reads'
          ? this.#lookersOf(query.database, query.exact).look(signal, run)
          : this.#once(query.database, run, signal)
      return (await work) as Row[]
    } catch (error) {
      const failure = this.#told(error, printed)
      throw query.timeout ? asTimeout(failure, query.timeout) : failure
    }
  }

  /**
   * All statements or none, or none in any case where it is a trial; each one's duration and rows. They are sent at once, in
   * a pipeline: what the first has locked is not kept from others for as many ways to the server and back as there are
   * statements. Where each is measured they go one by one.
   */
  async transact(
    { statements, settings = {}, database, timeout, trial, tells }: Transaction,
    printed: string,
    signal: AbortSignal,
  ): Promise<StatementResult[]> {
    const late = timeout === undefined ? undefined : AbortSignal.timeout(timeout)
    const either = late ? AbortSignal.any([signal, late]) : signal
    const work = async (client: Client) => {
      const done: StatementResult[] = []
      let at = statements[0]
      const stopCancelling = cancelFrom(either, client)
      try {
        const each = this.options.measures || trial
        const measure = each || tells ? await measuring(client) : undefined
        either.throwIfAborted()
        const opened = [
          client.query('BEGIN'),
          ...Object.entries(settings).map((setting) =>
            client.query('SELECT set_config($1, $2, true)', setting),
          ),
        ]
        const results = each ? [] : statements.map(({ sql }) => client.query(sql))
        // Whatever fails first is the one to tell; those behind it fail for that alone.
        for (const result of [...opened, ...results]) result.catch(() => {})
        await Promise.all(opened)
        for (const [i, statement] of statements.entries()) {
          at = statement
          either.throwIfAborted()
          const began = this.options.clock.monotonic()
          const result = await (results[i] ?? client.query(statement.sql))
          const ms = this.options.clock.monotonic() - began
          const looks = measure && (each || statement === statements.at(-1))
          const { line } = statement
          done.push({ line, ms, rows: rowsOf(result), ...(looks && { measured: await measure() }) })
        }
        at = undefined
        either.throwIfAborted()
        stopCancelling()
        await client.query(trial ? 'ROLLBACK' : 'COMMIT')
        return done
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {})
        signal.throwIfAborted()
        if (late?.aborted) throw new Failed({ kind: 'timeout', printed, after: timeout!, tail: '' })
        throw this.#told(error, printed, at)
      } finally {
        stopCancelling()
      }
    }
    return this.#once(database, work, signal, { pipeline: true })
  }

  /**
   * A moment of the database: its id, and looks at it, until `work` ends. They count and compare, so that the session is
   * exact; one that fails does not end the moment.
   */
  async snapshot<T>(
    work: (id: string, look: <Row>(query: Query, printed: string) => Promise<Row[]>) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const hold = async (client: Client) => {
      const { rows } = await answeredWithin(client, LOOK, async () => {
        // The role's own limits would end the moment in the middle of a long dump.
        await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0')
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
        const exported = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id')
        await client.query('SAVEPOINT looking')
        return exported
      })
      let last: Promise<unknown> = Promise.resolve()
      return work(rows[0]!.id, <Row>(query: Query, printed: string) => {
        const look = async () => {
          try {
            const text = { text: query.sql, values: [...query.values] }
            const ask = () => cancellable(client, signal, () => client.query(text))
            return (await answeredWithin(client, query.timeout ?? WHOLE_DATABASE, ask)).rows as Row[]
          } catch (error) {
            await client.query('ROLLBACK TO SAVEPOINT looking').catch(() => {})
            throw this.#told(error, printed)
          }
        }
        // One by one: one that waits in the session would fail with the one before it.
        const mine = last.then(look)
        last = mine.catch(() => {})
        return mine
      })
    }
    return this.#once(undefined, hold, signal, { durable: false, settings: EXACTLY })
  }

  /**
   * A connection for as long as the caller wants, such as one that holds a lock. It has a session of its own: everything
   * here rests on that, so it is looked at first, and a pooler that gives each transaction another one is refused.
   */
  async connect(
    database = this.database,
    signal?: AbortSignal,
    { settings = [], pipeline = false, durable = false, startUp }: ConnectOptions = {},
  ): Promise<Client> {
    const given = [`search_path=${sqlName(this.options.schema)}`, ...settings]
    try {
      const client = await this.#open(database, signal, { given, pipeline, ...(startUp && { startUp }) })
      try {
        const { between } = await this.#wayOf(client, database, signal)
        if (between && !startUp) await giveAnew(client, [`application_name=${this.options.name}`, ...given])
        if (durable) await client.query(durableCommit)
        return client
      } catch (error) {
        await client.end().catch(() => {})
        throw error
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof Failed) throw error
      if (!isPoolFull(error)) throw this.#unreachable(error)
      throw await this.#full(database, signal)
    }
  }

  async #wayOf(client: Client, database: string, signal: AbortSignal | undefined): Promise<Way> {
    const known = this.#ways.get(database)
    if (known) return known
    const looking = this.#lookAtWay(client, database, signal)
    this.#ways.set(database, looking)
    // Of one that was interrupted (whose reason is a failure too), or cut off, nothing is known: a clean-up looks anew.
    looking.catch((error) => {
      if (!(error instanceof Failed) || error.failure.kind !== 'pooled') this.#ways.delete(database)
    })
    return looking
  }

  async #lookAtWay(client: Client, database: string, signal: AbortSignal | undefined): Promise<Way> {
    const way = await wayOf(client, () => this.#open(database, signal, { given: [], pipeline: false }))
    if (!('shared' in way)) return way
    throw this.pooled({ ...way, pooler: await this.#poolerName(signal) })
  }

  async #full(database: string, signal: AbortSignal | undefined): Promise<Failed> {
    const way = await this.#ways.get(database)?.catch(() => undefined)
    return this.pooled({
      ...{ shared: 'full', pooler: await this.#poolerName(signal) },
      ...(way?.server && { server: way.server }),
    })
  }

  #poolerName(signal: AbortSignal | undefined): Promise<string | undefined> {
    return poolerName((name) => this.#open(name, signal, { given: [], pipeline: false }))
  }

  /** Why nothing can rest on a session of this server. */
  pooled({ shared: mode, server, pooler }: Shared & { pooler?: string | undefined }): Failed {
    return new Failed({
      kind: 'pooled',
      ...{ target: this.printed, mode, secret: this.secret },
      ...(pooler && { pooler }),
      ...(server && { server }),
    })
  }

  async #open(database: string, signal: AbortSignal | undefined, how: HowToOpen): Promise<Client> {
    return this.#openAt(await this.#placeOf(signal), database, signal, how)
  }

  async #openAt(
    place: DatabasePlace,
    database: string,
    signal: AbortSignal | undefined,
    { given, pipeline, startUp }: HowToOpen,
  ): Promise<Client> {
    const pg = (await import('pg')).default
    const reached = await this.options.tunnel?.(signal ?? new AbortController().signal, addressOf(place))
    const { password = await passwordOf(this.target, place, this.options.variables ?? {}) } = this.target
    const encryptions = encryptionsOf(this.target, place.host)
    const tls = encryptions.includes('tls') ? await tlsOf(this.target, place.host) : false
    const open = (ssl: ClientConfig['ssl']) => {
      const client = blindClient(pg, {
        ...this.#config(pg.types, database, this.#bare ? [] : given),
        host: reached?.host ?? place.hostaddr ?? place.host,
        port: Number(reached?.port ?? place.port),
        ...(password && { password }),
        ssl: ssl ?? false,
        pipeline: pipeline ?? false,
      })
      if (startUp) {
        const { user, database } = client
        Object.assign(client, { getStartupConf: () => ({ ...startUp, user, database }) })
      }
      if (this.target.channel_binding === 'require') bound.add(client)
      return opened(client, signal)
    }
    const reach = async () => {
      const [first, second] = this.#plain ? (['plain'] as const) : encryptions
      return open(first === 'tls' && tls).catch(async (error) => {
        // As libpq does, where the URL does not insist.
        if (!second || !isOtherWayWanted(error)) throw error
        const client = await open(second === 'tls' && tls)
        this.#plain = second === 'plain'
        return client
      })
    }
    return reach().catch((error) => {
      if (this.#bare || !isRefusedOption(error)) throw error
      this.#bare = true
      return reach()
    })
  }

  /** What is asked over such a connection, with what went wrong in the words of this door. */
  async asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.#told(error, 'a look at the lock')
    }
  }

  /** For who holds on to a database by a session of its own, such as a lock: it moves to `via`. */
  onLeave(move: (databases: readonly string[], via: string | undefined) => Promise<void>): void {
    this.#leaving.push(move)
  }

  /** Closes this run's own sessions on databases. Looks open new ones, whatever bears the name then. */
  async leave(databases: readonly string[], via?: string): Promise<void> {
    for (const move of this.#leaving) await move(databases, via)
    await this.#closeLookers(databases)
  }

  async close(): Promise<void> {
    await this.#closeLookers([...this.#lookers.keys(), ...this.#exactLookers.keys()])
  }

  async #closeLookers(databases: readonly string[]): Promise<void> {
    const pools = [this.#lookers, this.#exactLookers]
    const lookers = pools.flatMap((pool) => databases.flatMap((database) => pool.get(database) ?? []))
    for (const pool of pools) for (const database of databases) pool.delete(database)
    await Promise.all(lookers.map((each) => each.end()))
  }

  #lookersOf(database = this.target.database!, exact = false): Lookers {
    const readOnly = ['default_transaction_read_only=on', `statement_timeout=${LOOK}`]
    const settings = exact ? [...readOnly, ...EXACTLY] : readOnly
    const pool = exact ? this.#exactLookers : this.#lookers
    const lookers =
      pool.get(database) ?? new Lookers((signal) => this.connect(database, signal, { settings }))
    pool.set(database, lookers)
    return lookers
  }

  #config(types: Parameters<typeof plainTypes>[0], database: string, given: string[]): ClientConfig {
    const { user, options: own, connect_timeout, sslnegotiation, channel_binding } = this.target
    // What is given here counts over what the URL says of the same.
    const options = [...(own ? [own] : []), ...given.map((one) => `-c ${escapeOption(one)}`)].join(' ')
    // Known to pg, not all to its types.
    const ofUrl = {
      ...(sslnegotiation && { sslnegotiation }),
      ...(['prefer', 'require'].includes(channel_binding ?? '') && { enableChannelBinding: true }),
    }
    return {
      ...(user && { user }),
      database,
      application_name: this.options.name,
      connectionTimeoutMillis: connect_timeout === undefined ? CONNECT : patienceOf(Number(connect_timeout)),
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE,
      types: plainTypes(types),
      ...(options && { options }),
      ...ofUrl,
    } as ClientConfig
  }

  async #once<T>(
    database: string | undefined,
    work: (client: Client) => Promise<T>,
    signal: AbortSignal,
    options?: ConnectOptions,
  ): Promise<T> {
    const client = await this.connect(database, signal, { durable: true, ...options })
    try {
      return await work(client)
    } finally {
      await client.end().catch(() => {})
    }
  }

  #told(error: unknown, printed: string, at?: { sql: string; line: number }): unknown {
    if (error instanceof Failed || !isDatabaseError(error)) return error
    if (isPoolFull(error)) return this.pooled({ shared: 'full' })
    if (!error.code || !/^[0-9A-Z]{5}$/.test(error.code) || error.code.startsWith('08'))
      return this.#unreachable(error, { lost: true })
    const offset =
      at && error.position ? at.sql.slice(0, Number(error.position) - 1).split('\n').length - 1 : 0
    return new Failed({
      kind: 'query-failed',
      printed,
      sqlstate: error.code,
      message: error.message,
      ...(at && { line: at.line + offset, statement: at.sql.trim() }),
      ...(error.detail && { detail: error.detail }),
      ...(error.hint && { hint: error.hint }),
      ...(error.table && { about: aboutOf(error) }),
    })
  }

  #unreachable(error: unknown, how: { lost?: true } = {}): Failed {
    const { code = '', message } = error as { code?: string; message: string }
    const why = isUnbelieved(code) ? `${message} (${this.#believes()})` : message
    return new Failed({ kind: 'database-unreachable', target: this.printed, code, message: why, ...how })
  }

  /** What its certificate was held against. */
  #believes(): string {
    const { sslmode, sslrootcert, sslcrl } = this.target
    const files = [sslrootcert && `sslrootcert=${sslrootcert}`, sslcrl && `sslcrl=${sslcrl}`]
    return [`sslmode=${sslmode}`, ...files].filter(Boolean).join(', ')
  }
}

interface DatabaseError {
  code?: string
  message: string
  position?: string
  detail?: string
  hint?: string
  schema?: string
  table?: string
  column?: string
  constraint?: string
}
const aboutOf = ({ schema, table, column, constraint }: DatabaseError) => ({
  ...(schema && { schema }),
  ...(table && { table }),
  ...(column && { column }),
  ...(constraint && { constraint }),
})
const isDatabaseError = (error: unknown): error is DatabaseError =>
  error instanceof Error && error.name !== 'AbortError'

/** Those that go on only with channel binding. */
const bound = new WeakSet<Client>()

/** A connection once it stands; an interrupt does not wait for a server that does not answer. */
const opened = async (client: Client, signal: AbortSignal | undefined): Promise<Client> => {
  signal?.throwIfAborted()
  const abandon = () => cut(client)
  signal?.addEventListener('abort', abandon, { once: true })
  // A connection that breaks while nobody waits on it must not end the process.
  client.on('error', () => {})
  const refused = bound.has(client) ? demandBinding(client) : undefined
  try {
    await client.connect()
    const why = refused?.()
    if (why) throw why
    return endsInTime(client)
  } catch (error) {
    cut(client)
    throw refused?.() ?? error
  } finally {
    signal?.removeEventListener('abort', abandon)
  }
}

/**
 * What passes over the beginning of a session is given to it once it stands, and taken from it at its end: the next who
 * gets it may be the application. Who cancels it must name the server's process, not the pooler's.
 */
const giveAnew = async (client: Client, given: readonly string[]): Promise<void> => {
  const names = given.map((one) => one.slice(0, one.indexOf('=')))
  const values = given.map((one) => one.slice(one.indexOf('=') + 1))
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pg_backend_pid() AS pid, set_config(n, v, false) FROM unnest($1::text[], $2::text[]) AS given (n, v)',
    [names, values],
  )
  const end = client.end.bind(client)
  const clean = async () => {
    // Known to pg, not to its types.
    const limited = { text: 'DISCARD ALL', query_timeout: DISCARD }
    await client.query(limited).catch(() => {})
    return end()
  }
  Object.assign(client, { processID: rows[0]!.pid, end: clean })
}

/** A server that has no TLS, wants it or does not want it of this client, or fails at it. */
const isOtherWayWanted = (error: unknown): boolean => {
  const { code = '', message } = error as { code?: string; message: string }
  return (
    // pg has no code for it.
    message === 'The server does not support SSL connections' ||
    code === '28000' ||
    /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code)
  )
}

/** Node's codes for a certificate that is not believed: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const isUnbelieved = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_|CRL|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$/.test(code)

/** As libpq understands `connect_timeout`: seconds, at least two; 0 and less are without an end. Milliseconds. */
const patienceOf = (seconds: number): number => (seconds <= 0 ? 0 : Math.max(seconds, 2) * 1000)

/** What was cancelled for its time limit did not fail by itself. */
const asTimeout = (error: unknown, after: number): unknown => {
  if (!(error instanceof Failed) || error.failure.kind !== 'query-failed') return error
  const { sqlstate, printed } = error.failure
  return sqlstate === '57014' ? new Failed({ kind: 'timeout', printed, after, tail: '' }) : error
}

/** When the signal comes, the server is told to cancel: closing the connection alone would leave the query running. */
const cancellable = async (
  client: Client,
  signal: AbortSignal,
  work: () => Promise<QueryResult>,
): Promise<QueryResult> => {
  signal.throwIfAborted()
  const cancel = () => void cancelBackend(client).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  const heeded = cutAfter(signal, client)
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    heeded()
    signal.removeEventListener('abort', cancel)
  }
}

/**
 * Cancels what a session is doing from when the signal comes, until it is told to stop. Again and again: of statements in
 * a pipeline the server does not hear it between two.
 */
const cancelFrom = (signal: AbortSignal, client: Client): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const cancel = (): void => {
    void cancelBackend(client).catch(() => {})
    timer = setTimeout(cancel, CANCEL_EVERY)
  }
  signal.addEventListener('abort', cancel, { once: true })
  const heeded = cutAfter(signal, client)
  return () => {
    heeded()
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
}

/** A look that needs more time than the session gives, or may have less. Milliseconds. */
const within = async <T>(
  client: Client,
  { timeout, signal }: { timeout: number | undefined; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> => {
  if (timeout === undefined) return work()
  await cancellable(client, signal, () => client.query(`SET statement_timeout = ${Math.round(timeout)}`))
  try {
    return await work()
  } finally {
    // Not RESET: behind a pooler a session begins without what it was given.
    await client.query(`SET statement_timeout = ${LOOK}`).catch(() => {})
  }
}

const cancelBackend = async (client: Client): Promise<void> => {
  const { processID } = client as unknown as { processID: number }
  const pg = (await import('pg')).default
  const { host, port, user, password, database, ssl, enableChannelBinding, sslnegotiation } =
    client as unknown as Record<string, never>
  const ofUrl = { enableChannelBinding, sslnegotiation }
  const address = { host, port, user, password, database, ssl }
  const second = blindClient(pg, { ...address, ...ofUrl, connectionTimeoutMillis: CONNECT })
  if (bound.has(client)) bound.add(second)
  await opened(second, undefined)
  try {
    await second.query('SELECT pg_cancel_backend($1)', [processID])
  } finally {
    await second.end().catch(() => {})
  }
}

/** One that a number would round stays the text that it is. */
const plainInteger = (value: string): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

/** Rows as JSON can hold them: 64-bit integers as numbers, times as the server's text. */
const plainTypes = (types: { getTypeParser(oid: number, format?: never): unknown }) => ({
  getTypeParser: (oid: number, format?: unknown) => {
    if (oid === 20) return plainInteger
    if ([1082, 1083, 1114, 1184, 1186, 1266].includes(oid)) return (value: string) => value
    return types.getTypeParser(oid, format as never)
  },
})

const rowsOf = (result: QueryResult | QueryResult[]): number =>
  [result].flat().reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)

const escapeOption = (value: string): string => value.replace(/[\\ ]/g, '\\$&')
