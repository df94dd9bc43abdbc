import { isAbsolute, join } from 'node:path'
import type { DatabaseDoor } from '../doors/database.ts'
import { readText, writeText } from '../doors/files.ts'
import { type Spawned, spawn } from '../doors/process.ts'
import { readRemote, writeRemote } from '../doors/remote-files.ts'
import { send } from '../doors/web.ts'
import type {
  Action,
  Command,
  Query,
  ReadFile,
  Reply,
  Request,
  StatementResult,
  Transaction,
  WriteFile,
} from '../model/action.ts'
import {
  type Inherited,
  inherited,
  keptOfSession,
  lastingVariables,
  plainVariables,
} from '../model/child-variables.ts'
import type { LibpqPart } from '../model/database-parts.ts'
import { type Environment, isElsewhere, namesOfBook } from '../model/environment.ts'
import type { SignOff } from '../model/event.ts'
import { writeJson } from '../model/exact-json.ts'
import { Failed, unmet } from '../model/failure.ts'
import { beginningOf, endOf, hidden } from '../model/hidden.ts'
import type { Json } from '../model/json.ts'
import { limitsOf } from '../model/limits.ts'
import { absoluteUrl, headersOf } from '../model/print-action.ts'
import type { Secret, Text } from '../model/secret.ts'
import type { Doors } from './doors.ts'

/** The most that a reading command may print. Bytes. */
const MOST = 16 * 1024 * 1024

export interface Situation {
  env: Environment
  doors: Doors
  signal: AbortSignal
  printed: string
  /** The name of a command on another host, by which it is found there again. */
  job?: string
  /** Told when a program has started. */
  onStart?(pid: number): void
}
/** What an action gives back, and what the transcript says of its end. */
export interface Outcome {
  result: unknown
  tally: {
    exit?: number
    status?: number
    rows?: number
    statements?: StatementResult[]
    note?: string
    signedOff?: SignOff
    captured?: Record<string, Json>
  }
}
export type OnOutput = (stream: 'out' | 'err', chunk: Uint8Array) => void

/** Carries out one action at its door. A person's instruction is asked elsewhere. */
export const carryOut = async (
  action: Exclude<Action, { kind: 'instruction' }>,
  situation: Situation,
  onOutput?: OnOutput,
): Promise<Outcome> => {
  situation.doors.secrets.foresee()
  switch (action.kind) {
    case 'command':
      return runCommand(action, situation, onOutput)
    case 'query':
      return runQuery(action, situation)
    case 'transaction':
      return runTransaction(action, situation)
    case 'request':
      return sendRequest(action, situation)
    case 'read-file':
      return { result: await readFile(action, situation), tally: {} }
    case 'write-file':
      await writeFile(action, situation)
      return { result: undefined, tally: {} }
  }
}

/** The host on which it is carried out, where that is not this machine. */
const hostOf = ({ env, doors }: Situation) => (isElsewhere(env) ? doors.host : undefined)

const readFile = ({ path, from }: ReadFile, situation: Situation): Promise<string> => {
  const [host, absolute] = [hostOf(situation), inApp(path, situation.env)]
  return host ? readRemote(host, absolute, from, situation.signal) : readText(absolute, from)
}

const writeFile = ({ path, content, mode }: WriteFile, situation: Situation): Promise<void> => {
  const [host, absolute] = [hostOf(situation), inApp(path, situation.env)]
  return host
    ? writeRemote(host, absolute, content, mode, situation.signal)
    : writeText(absolute, content, mode)
}

const runCommand = async (command: Command, situation: Situation, onOutput?: OnOutput): Promise<Outcome> => {
  const { env, doors, signal, printed } = situation
  const spawned: Spawned = {
    argv: closedIn(command.argv, doors),
    cwd: command.cwd ? inApp(command.cwd, env) : env.app.dir,
    env: variablesIn(await variablesOf(command, situation), doors),
    printed,
    ...(command.outlives && { keeps: keptOfSession }),
    ...(command.into && {
      into: {
        argv: closedIn(command.into, doors),
        env: variablesIn(await variablesOf({ ...command, env: {} }, situation), doors),
        readsBeginning: command.readsBeginning ?? false,
      },
    }),
    ...(command.input !== undefined && { input: doors.secrets.text(command.input) }),
    ...(situation.onStart && { onStart: situation.onStart }),
    timeout: limitsOf(command).timeout!,
  }
  const host = hostOf(situation)
  if (host && command.into)
    throw unmet(
      'two programs with a pipe between them run on this machine',
      `${command.argv[0]} into ${command.into[0]}, on ${env.host}`,
      "give the step `at: 'operator'`, or have the first program write into a file",
    )
  if (command.effect === 'changes' && onOutput) {
    const { exit } = host
      ? await host.run(situation.job ?? host.newJob('look'), spawned, onOutput, signal)
      : await spawn(spawned, onOutput, signal)
    for (const line of noticedIn(doors)) onOutput('err', Buffer.from(line))
    return { result: undefined, tally: { exit: expected(exit, command, printed) } }
  }
  const read = { out: [] as Uint8Array[], err: [] as Uint8Array[], size: 0 }
  const take: OnOutput = (stream, chunk) => {
    read.size += chunk.length
    if (read.size <= MOST) read[stream].push(chunk)
  }
  const { exit } = host ? await host.look(spawned, take, signal) : await spawn(spawned, take, signal)
  take('err', Buffer.from(noticedIn(doors).join('')))
  const [out, err] = [Buffer.concat(read.out).toString('utf8'), Buffer.concat(read.err).toString('utf8')]
  const status = expected(exit, command, printed, () => lastLines(err.trim() || out.trim()))
  if (read.size > MOST)
    throw new Failed({ kind: 'command-failed', printed, exit: status, tail: 'it printed more than 16 MB' })
  return { result: out.replace(/\r?\n$/, ''), tally: { exit: status } }
}

/** On a copy a command can reach nothing else. */
const closedIn = (argv: readonly string[], { closed }: Doors): readonly string[] =>
  closed ? closed.argv(argv) : argv

const variablesIn = (variables: Spawned['env'], { closed }: Doors): Spawned['env'] =>
  closed ? closed.variables(variables) : variables

/** What it wanted there and did not get, for whoever reads why it failed; a line each. */
const noticedIn = ({ closed }: Doors): string[] =>
  closed?.noticed().map((what) => `(rehearsal) ${what}\n`) ?? []

const expected = (exit: number | string, command: Command, printed: string, tail = () => ''): number => {
  if (typeof exit === 'number' && (command.accept ?? [0]).includes(exit)) return exit
  throw new Failed({ kind: 'command-failed', printed, exit, tail: tail() })
}

/** For a program that only looks. */
const LOOKING = { LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' }

/**
 * What git is told where it only looks, over what the clone says: it starts neither a hook nor a file monitor, which would live
 * on, nor what checks the signatures of a log.
 */
const OF_GIT = { 'core.fsmonitor': 'false', 'core.hooksPath': '/dev/null', 'log.showSignature': 'false' }

/** Behind those settings that the book itself gives. */
const settingsOfGit = ({ GIT_CONFIG_COUNT }: Spawned['env']): Record<string, string> => {
  const own = Number(GIT_CONFIG_COUNT) || 0
  const settings = Object.entries(OF_GIT).flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${own + i}`, key],
    [`GIT_CONFIG_VALUE_${own + i}`, value],
  ])
  return { ...Object.fromEntries(settings), GIT_CONFIG_COUNT: String(own + Object.keys(OF_GIT).length) }
}

/** git and ssh fail where they would ask, on a terminal or in a window. */
const UNASKED = { GIT_TERMINAL_PROMPT: '0', SSH_ASKPASS: 'false', SSH_ASKPASS_REQUIRE: 'force' }

/**
 * What a child gets; docs/security.md has the table. A program that would ask on the terminal fails instead; one that only
 * looks leaves no lock and no index behind.
 */
const variablesOf = async (
  { env: own = {}, effect, outlives }: Command,
  { env, doors, signal }: Situation,
): Promise<Spawned['env']> => {
  // A program that runs here gets to the server that this run has chosen, by the tunnel if there is one.
  const ownUrl = (value: Text): value is Secret =>
    typeof value === 'object' && value.kind === 'secret' && value.name === env.database?.url.name
  const partOf = (value: Text): LibpqPart | undefined =>
    ownUrl(value) && value.part !== 'beyond_prisma' ? value.part : undefined
  const fromHere = !isElsewhere(env) && Object.values(own).some(partOf)
  const reached = fromHere ? await doors.database?.reached(signal) : undefined
  if (reached?.password) doors.secrets.obtain(env.database!.url.name, reached.password)
  const placed = (value: Text): string | undefined => {
    const part = partOf(value)
    return part && reached?.[part]
  }
  const open = (texts: Command['env'] = {}) =>
    Object.fromEntries(
      Object.entries(texts).map(([name, value]) => [
        name,
        placed(value) ??
          (typeof value === 'object' && value.kind === 'secret'
            ? doors.secrets.open(value)
            : doors.secrets.text(value)),
      ]),
    )
  const to = outlives ? 'lasting' : 'child'
  const given = {
    // On another host a session has its own.
    ...(isElsewhere(env) ? {} : inherited(sourcesOf(env, doors), to)),
    // What lives on would keep them.
    ...(!outlives && UNASKED),
    ...(!outlives && effect === 'reads' && LOOKING),
    ...open(outlives ? lastingVariables(env, outlives) : plainVariables(env)),
    ...open(own),
  }
  return !outlives && effect === 'reads' ? { ...given, ...settingsOfGit(given) } : given
}

const sourcesOf = (env: Environment, { variables, secrets }: Doors): Inherited => ({
  operator: variables,
  file: secrets.file(),
  book: namesOfBook(env),
})

const runQuery = async (query: Query, situation: Situation): Promise<Outcome> => {
  await leave(query, situation)
  const rows = await databaseDoor(situation.doors, situation.env).query(
    { ...query, ...timeoutOf(query) },
    situation.printed,
    situation.signal,
  )
  return { result: rows, tally: { rows: rows.length } }
}

const timeoutOf = (action: Query | Transaction): { timeout?: number } => {
  const { timeout } = limitsOf(action)
  return timeout === undefined ? {} : { timeout }
}

const leave = async ({ leaves, database }: Query | Transaction, { doors, env }: Situation): Promise<void> => {
  if (leaves) await databaseDoor(doors, env).leave(leaves, database)
}

const runTransaction = async (transaction: Transaction, situation: Situation): Promise<Outcome> => {
  await leave(transaction, situation)
  const results = await databaseDoor(situation.doors, situation.env).transact(
    { ...transaction, ...timeoutOf(transaction) },
    situation.printed,
    situation.signal,
  )
  const rows = results.reduce((sum, { rows }) => sum + rows, 0)
  const statements = results.slice(0, MOST_STATEMENTS).map((one) => ({ ...one, ms: tenths(one.ms) }))
  return { result: results, tally: { rows, statements } }
}

/** Of a longer transaction only the first are told one by one. */
const MOST_STATEMENTS = 1000
const tenths = (ms: number): number => Math.round(ms * 10) / 10

/** The door to the environment's database; a failure where the book gives it none. */
export const databaseDoor = (doors: Doors, env: Environment): DatabaseDoor => {
  if (doors.database) return doors.database
  throw unmet(
    `the environment ${env.name} has a database`,
    'the book gives it none',
    `write database: { url: secret('DATABASE_URL') } into environments.${env.name}`,
  )
}

const sendRequest = async (
  request: Request,
  { env, doors, signal, printed }: Situation,
): Promise<Outcome> => {
  const sent = {
    method: request.method,
    url: absoluteUrl(request.url, env),
    headers: {
      ...(request.json !== undefined && { 'content-type': 'application/json' }),
      ...doors.secrets.texts(headersOf(request, env)),
    },
    ...(request.json !== undefined && { body: writeJson(request.json) }),
    ...(request.whole && { whole: true as const }),
    timeout: limitsOf(request).timeout!,
    printed,
  }
  const ask = (until: AbortSignal) => send(sent, until, doors.clock)
  const reply = await (request.effect === 'changes' && request.captures
    ? answeredYet(ask, signal, doors)
    : ask(signal))
  for (const [name, value] of Object.entries(request.hides?.(reply) ?? {})) doors.secrets.obtain(name, value)
  const { status, body } = reply
  if (request.accept && !request.accept.includes(status))
    throw new Failed({
      kind: 'request-failed',
      printed,
      message: `answered ${status}`,
      status,
      body: beginningOf(body, SHOWN),
    })
  const captured = request.captures?.(reply) ?? {}
  return { result: reply, tally: { status, ...(Object.keys(captured).length && { captured }) } }
}

/** How much of a refusal is told. Characters. */
const SHOWN = 4000
/** How long an answer is waited for after an interrupt. Milliseconds. */
const ANSWERED_YET = 5_000

/** What an application has made, only its answer names: without it nobody could take that away again. */
const answeredYet = async (
  ask: (until: AbortSignal) => Promise<Reply>,
  signal: AbortSignal,
  { clock }: Doors,
): Promise<Reply> => {
  const [late, over] = [new AbortController(), new AbortController()]
  const wait = () =>
    void clock.sleep(ANSWERED_YET, over.signal).then(
      () => late.abort(signal.reason),
      () => {},
    )
  signal.throwIfAborted()
  signal.addEventListener('abort', wait, { once: true })
  try {
    return await ask(late.signal)
  } finally {
    signal.removeEventListener('abort', wait)
    over.abort()
  }
}

const inApp = (path: string, env: Environment): string => (isAbsolute(path) ? path : join(env.app.dir, path))

export const lastLines = (text: string, most = 20): string =>
  hidden(endOf(text, 4000)).split('\n').slice(-most).join('\n')
