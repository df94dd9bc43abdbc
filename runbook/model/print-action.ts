import type { Action, Command, Given, Planned, Request, Transaction } from './action.ts'
import type { Environment } from './environment.ts'
import { writeJson } from './exact-json.ts'
import { unmet } from './failure.ts'
import { printText, type Secret, type Text } from './secret.ts'
import { typedPath, typedWord } from './shell-word.ts'
import { withoutCredentials } from './url-credentials.ts'

/** An action as a plan prints it and a transcript records it, word for word. Secrets stand as `‹secret NAME›`. */
export const printAction = (action: Action, env: Environment): string => {
  switch (action.kind) {
    case 'command':
      return on(env, printCommand(action))
    case 'query':
      return [
        action.sql.trim(),
        ...(action.values.length ? [`-- ${JSON.stringify(action.values)}`] : []),
        ...inDatabase(action.database),
      ].join(' ')
    case 'transaction':
      return printTransaction(action)
    case 'request':
      return printRequest(action, env)
    case 'read-file':
      return on(env, `read ${action.path}`)
    case 'write-file':
      return on(
        env,
        `write ${action.path}${action.shows ? `\n${action.shows}` : `, ${Buffer.byteLength(action.content)} bytes`}`,
      )
    case 'instruction':
      return action.text
  }
}

/** Where it is carried out, when that is not this machine. */
const on = ({ host }: Environment, printed: string): string =>
  host === 'local' ? printed : `${host}: ${printed}`

/** A planned action, with its holes as `‹name›`. */
export const printPlanned = (planned: Planned, env: Environment): string =>
  printAction(withNames(planned), env)

/** As it is, with the names of its holes in them. */
export const withNames = (planned: Planned): Action =>
  planned.kind === 'given' ? fillWithNames(planned) : planned

const fillWithNames = (given: Given): Action =>
  given.fill(Object.fromEntries(given.holes.map((hole) => [hole, `‹${hole}›`])))

const printCommand = ({ argv, cwd, env = {}, input, shows, into, outlives = [] }: Command): string => {
  const words = [...printVariables(env), ...printWords(argv)]
  if (input !== undefined) words.push(`<<< ${quote(shows ?? printText(input))}`)
  if (into) words.push('|', ...printWords(into))
  // By name only: what they are stands in the book.
  if (outlives.length) words.push(`# with ${outlives.join(', ')}`)
  return `${cwd ? `cd ${quote(typedPath(cwd))} && ` : ''}${words.join(' ')}`
}

const printWords = (argv: readonly [string, ...string[]]): string[] =>
  argv.map((word) => quote(withoutSecret(word, argv[0])))

/** What cannot be printed cannot be performed: a book is not held to its types when it is loaded. */
const withoutSecret = (word: Text, program: string): string => {
  if (typeof word === 'string') return word
  throw unmet(
    `no secret stands among the arguments of ${program}`,
    `${printText(word)}, which \`ps\` would show to everybody`,
    "give it as a variable, env: { NAME: secret('NAME') }, or as `input`",
  )
}

/** libpq's six variables come from one URL, and are printed as one. */
const printVariables = (env: Readonly<Record<string, Text>>): string[] => {
  const parts = Object.entries(env).filter(([, value]) => isPart(value))
  const urls = new Set(parts.map(([, value]) => (value as Secret).name))
  return [
    ...[...urls].map((name) => `PG*=‹secret ${name}›`),
    ...Object.entries(env)
      .filter(([, value]) => !isPart(value))
      .map(([name, value]) => `${name}=${quote(printText(value))}`),
  ]
}
const isPart = (value: Text): boolean => typeof value === 'object' && value.kind === 'secret' && !!value.part

/** Where it is not the environment's own. */
const inDatabase = (database: string | undefined): string[] =>
  database === undefined ? [] : [`-- in the database ${database}`]

const printTransaction = ({ statements, settings = {}, database, trial }: Transaction): string =>
  [
    'BEGIN;',
    ...Object.entries(settings).map(
      ([name, value]) => `SELECT set_config('${name}', '${value.replaceAll("'", "''")}', true);`,
    ),
    ...statements.map(({ sql }) => ended(sql.trim())),
    [trial ? 'ROLLBACK;' : 'COMMIT;', ...inDatabase(database)].join(' '),
  ].join('\n')

/** A semicolon behind a comment would be part of it. */
const ended = (sql: string): string => (/--.*$/.test(sql) ? `${sql}\n;` : `${sql.replace(/;$/, '')};`)

const printRequest = (request: Request, env: Environment): string => {
  const { method, url, json } = request
  return [
    `${method} ${withoutCredentials(absoluteUrl(url, env))}`,
    ...Object.entries(headersOf(request, env)).map(([name, value]) => `${name}: ${printText(value)}`),
    ...(json === undefined ? [] : [writeJson(json)]),
  ].join('  ')
}

/** Its own, and those of the application where it is a path below the environment's url. */
export const headersOf = ({ url, headers = {} }: Request, { app }: Environment): Record<string, Text> => {
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const ofApp = url.startsWith('/') ? (app.headers ?? {}) : {}
  return {
    ...Object.fromEntries(Object.entries(ofApp).filter(([name]) => !own.has(name.toLowerCase()))),
    ...headers,
  }
}

/** A path below the environment's url, or the url itself. */
export const absoluteUrl = (url: string, env: Environment): string =>
  url.startsWith('/') ? env.app.url + url : url

/** A word as it is typed; a block keeps its lines. */
const quote = (word: string): string => typedWord(word, { lines: true })
