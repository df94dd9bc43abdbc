import { type Clock, systemClock } from '../doors/clock.ts'
import { DatabaseDoor } from '../doors/database.ts'
import type { Asker } from '../doors/prompt.ts'
import { Redactor } from '../doors/redaction.ts'
import { RemoteHost } from '../doors/remote-host.ts'
import { Secrets } from '../doors/secrets.ts'
import { applyEvent, emptyRun, type RunState } from '../journal/fold.ts'
import { changedSince } from '../journal/history.ts'
import type { JournalFile } from '../journal/journal-file.ts'
import { Recorder } from '../journal/recorder.ts'
import type { Book } from '../model/book.ts'
import { inherited, withoutPrograms } from '../model/child-variables.ts'
import { type Environment, isElsewhere, namesOfBook, placeOf } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
import { hideWith } from '../model/hidden.ts'
import type { RunPaths } from '../model/look.ts'
import { othersIn } from '../model/other-environments.ts'
import type { Step } from '../model/step.ts'
import { Ledger } from './ledger.ts'
import { movedBesides } from './moved-besides.ts'
import { type Answers, type RunContext, Scratch } from './run-context.ts'
import { pathsOf } from './run-paths.ts'
import { Turns } from './turns.ts'

export interface ContextOptions {
  env: Environment
  /** The book that it is of; absent where its other environments do not count. */
  book?: Pick<Book, 'environments'>
  /** Where `.env.<environment>` is looked for. */
  bookFolder: string
  stateDir: string
  /** The time of the run, as its paths have it. */
  stamp: string
  /** How the run names itself to a database server. */
  name: string
  variables: Readonly<Record<string, string | undefined>>
  /** What may be performed: their actions name secrets that nothing names before. */
  steps?: readonly Step[]
  /** Where the operator stands: programs of a package there are not found. */
  cwd?: string
  ask: Asker
  answers: Answers
  signal: AbortSignal
  /** Of a run that goes on: what its transcript tells so far. */
  state?: RunState
  /** Absent for what leaves no transcript. */
  journal?: JournalFile
  clock?: Clock
}

/** Opens the doors that a run needs. Nothing is connected before it is used. */
export const openContext = (options: ContextOptions): { context: RunContext; close(): Promise<void> } => {
  const { bookFolder, clock = systemClock } = options
  const variables = options.cwd
    ? { ...options.variables, PATH: withoutPrograms(options.variables.PATH, options.cwd) }
    : options.variables
  const redactor = redactorOf(options.env, bookFolder)
  const secrets = new Secrets({
    ...{ environment: options.env.name, strict: options.env.protected, bookFolder, variables, redactor },
    elsewhere: isElsewhere(options.env),
  })
  const env = withSchemaOfUrl(options.env, secrets)
  // Before the first event: an operator may have pasted one into a reason.
  nameSecrets(options.steps ?? [], env, pathsOf(env, options.stateDir, options.stamp))
  secrets.foresee()
  const recorder = new Recorder(redactor, clock, options.journal)
  const state = options.state ?? emptyRun()
  recorder.onEvent((event) => applyEvent(state, event))
  const host = isElsewhere(env)
    ? new RemoteHost(
        env.host,
        inherited({ operator: variables, file: secrets.file(), book: namesOfBook(env) }, 'ssh'),
      )
    : undefined
  const tunnel: Tunnel = async (signal, to) =>
    host && env.database?.via ? host.forward(to, signal) : undefined
  let database: DatabaseDoor | undefined
  const context: Omit<RunContext, 'ledger'> = {
    env,
    ...(options.book && { others: othersIn(options.book, env.name) }),
    paths: pathsOf(env, options.stateDir, options.stamp),
    doors: {
      clock,
      secrets,
      ask: options.ask,
      variables,
      get database() {
        if (env.database)
          database ??= openDatabase(env.database, secrets, { name: options.name, clock, tunnel })
        return database
      },
      host,
      tunnel,
    },
    recorder,
    state,
    answers: options.answers,
    signal: options.signal,
    scratch: new Scratch(host),
    turns: new Turns(),
  }
  const withLedger = context as RunContext
  withLedger.changedSince = async (step, counts) => {
    const history = await withLedger.ledger.history()
    const own = state.started?.run
    const earlier = await changedSince(options.stateDir, history, { step, counts, own })
    if (!earlier) return undefined
    if ('performedBy' in earlier) return movedBesides(earlier.performedBy, withLedger)
    const what = earlier.title ? `, "${earlier.title}",` : ''
    return `the run ${earlier.run} changed something${what} and did not come to it`
  }
  withLedger.ledger = new Ledger(withLedger, options.stateDir)
  return {
    context: withLedger,
    close: async () => {
      await database?.close()
      await context.scratch.remove()
      await host?.close(endedJobs(state))
    },
  }
}

/** Where the book names no schema, the one that the URL names, as Prisma has it. */
const withSchemaOfUrl = (env: Environment, secrets: Secrets): Environment => {
  if (!env.database?.schemaOfUrl) return env
  try {
    const { schema = env.database.schema } = secrets.target(env.database.url)
    return { ...env, database: { ...env.database, schema } }
  } catch (error) {
    // Whoever needs the database says what is wrong with it.
    if (error instanceof Failed) return env
    throw error
  }
}

/**
 * One for each environment of this process, whoever opens it how often: what it has learned stays masked in what is said
 * after it was closed.
 */
const redactorOf = (env: Environment, bookFolder: string): Redactor => {
  const key = `${bookFolder}\0${env.name}`
  const there = redactors.get(key)
  if (there) return there
  const made = new Redactor()
  made.spare(ordinaryWords(env))
  hideWith((text) => made.text(text))
  redactors.set(key, made)
  return made
}
const redactors = new Map<string, Redactor>()

/** Has steps name their secrets, as far as they can before anything was looked at. */
const nameSecrets = (steps: readonly Step[], env: Environment, run: RunPaths): void => {
  for (const step of steps)
    for (const name of [
      () => step.needs({ env }),
      () => step.actions({ observed: undefined, env: placeOf(step, env), run }),
    ])
      try {
        name()
      } catch {
        // It depends on what is found; its actions are known before they are performed.
      }
}

/** What a transcript says of every environment; a secret's part that is such a word stays readable. */
const ordinaryWords = ({ name, host, app }: Environment): string[] =>
  [name, host, app.dir, app.branch, app.revision, app.url].filter((word) => word !== undefined)

/** Of which the transcript tells the end: the host need not keep it any more. */
const endedJobs = ({ steps }: RunState): string[] =>
  [...steps.values()].flatMap(({ actions }) =>
    [...actions.values()].flatMap(({ kept, ended }) => (kept && ended ? [kept.job] : [])),
  )

type Tunnel = (
  signal: AbortSignal,
  to: { host: string; port: string },
) => Promise<{ host: string; port: string } | undefined>

const openDatabase = (
  database: NonNullable<Environment['database']>,
  secrets: Secrets,
  options: { name: string; clock: Clock; tunnel: Tunnel },
): DatabaseDoor => {
  const { schema, via, url } = database
  const { tunnel, ...more } = options
  const target = secrets.target(url)
  if (target.schema !== undefined && target.schema !== schema)
    throw new Failed({
      ...{ kind: 'secret-malformed', name: url.name },
      message: `has the parameter schema=${target.schema}, and the book’s database.schema is ${schema}`,
      remedy: `write one and the same into the book and into ${url.name}`,
    })
  return new DatabaseDoor(target, {
    ...{ ...more, schema, secret: url.name, variables: secrets.aroundDatabase },
    ...(via && { tunnel }),
  })
}
