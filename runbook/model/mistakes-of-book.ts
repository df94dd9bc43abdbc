import { dirname } from 'node:path'
import { z } from 'zod'
import { type Book, type Entry, type EnvironmentDefinition, phase, stepsOf } from './book.ts'
import { type Diagnosis, MENDS } from './diagnosis.ts'
import type { Environment } from './environment.ts'
import { mistakesIn } from './factory.ts'
import { mistakesOfIdentity } from './mistakes-of-identity.ts'
import { mistakesOfPeople, peopleShape } from './mistakes-of-people.ts'
import { mistakesOfPhases } from './mistakes-of-phases.ts'
import { resolveEnvironment } from './resolve-environment.ts'
import { revisionName } from './revision-name.ts'
import type { Secret, Text } from './secret.ts'
import type { Mistake, Step } from './step.ts'
import { headerHoldsSecret, holdsSecret } from './url-credentials.ts'

/** Everything that is wrong with a book, in its keys and in the steps of each of its environments. */
export const mistakesOf = (book: unknown, path: string): Mistake[] => {
  const parsed = bookSchema.safeParse(book)
  const ofKeys = parsed.success ? [] : mistakesIn(parsed.error, '')
  const { environments, deploy, watch, procedures, diagnoses } = (book ?? {}) as Partial<Book>
  if (typeof environments !== 'object') return ofKeys
  const readings: Reading[] = [
    { at: 'deploy', give: deploy },
    { at: 'watch', give: typeof watch === 'function' && ((env: Environment) => [watch(env)]) },
    ...Object.entries(procedures ?? {}).map(([name, give]) => ({ at: `procedures.${name}`, give })),
  ].filter((reading): reading is Reading => typeof reading.give === 'function')
  const ofSteps = Object.entries(environments ?? {}).flatMap(([name, definition]) => {
    const whole = environmentSchema.safeParse(definition).success
    return [
      ...readings.flatMap((reading) =>
        whole ? mistakesOfEnvironment(name, definition, reading, path) : guessedMistakes(name, reading, path),
      ),
      ...(whole && typeof diagnoses === 'function'
        ? mistakesOfDiagnoses(resolveEnvironment(name, definition, dirname(path)), diagnoses)
        : []),
    ]
  })
  // Most steps stand in every environment; each of their mistakes is said once.
  const distinct = new Map(
    [...ofKeys, ...(parsed.success ? mistakesOfPeople(book as Book) : []), ...ofSteps].map((mistake) => [
      `${mistake.at} ${mistake.expected}`,
      mistake,
    ]),
  )
  return [...distinct.values()]
}

/** One of the functions that give steps, and where it stands in the book. */
interface Reading {
  at: string
  give: Book['deploy']
}

const mistakesOfEnvironment = (
  name: string,
  definition: EnvironmentDefinition,
  { at, give }: Reading,
  path: string,
): Mistake[] => {
  const env = resolveEnvironment(name, definition, dirname(path))
  let entries: readonly Entry[]
  try {
    const given: unknown = give(env)
    if (!Array.isArray(given)) return [notAList(at)]
    entries = phase('', given).entries
  } catch (error) {
    return [{ at, expected: `cannot be called for ${name}: ${(error as Error)?.message ?? error}` }]
  }
  if (entries.some((entry) => !isEntry(entry))) return [notAList(at)]
  const steps = entries.flatMap(stepsOf)
  if (entries.some(hasMixedWays))
    return [
      {
        at,
        expected:
          'has an `either` with `parallel` or another `either` inside: a way is a step, or a sequence of steps',
      },
    ]
  const ofOptions = steps.flatMap((step) => step.mistakes)
  // A step whose options are wrong does not tell what it is for.
  return [
    ...ofOptions,
    ...mistakesOfIds(steps),
    ...mistakesOfPhases(entries, at),
    ...(at === 'deploy' && !steps.length
      ? [{ at: `environments.${env.name}`, expected: '`deploy` gives it no step' }]
      : []),
    ...(ofOptions.length ? [] : mistakesOfOrder(entries, steps, env, at)),
    ...(at === 'deploy' && env.app.revision !== undefined && !steps.some(({ takesRevision }) => takesRevision)
      ? [
          {
            at: `environments.${env.name}.app.revision`,
            expected: 'needs a step that checks it out, such as pullCode(); no step of `deploy` does',
          },
        ]
      : []),
    ...mistakesOfIdentity(env),
  ]
}

/** Of what the book itself adds; the entries of its steps are the library's. */
const mistakesOfDiagnoses = (env: Environment, give: NonNullable<Book['diagnoses']>): Mistake[] => {
  const at = 'diagnoses'
  let given: readonly unknown[]
  try {
    given = give(env)
  } catch (error) {
    return [{ at, expected: `cannot be called for ${env.name}: ${(error as Error)?.message ?? error}` }]
  }
  if (!Array.isArray(given)) return [{ at, expected: 'must give a list: (env) => [defineDiagnosis({ … })]' }]
  const ids = given.map((one) => (one as Diagnosis | null)?.id)
  return given.flatMap((one, i) => {
    if (!one) return []
    const parsed = diagnosisSchema.safeParse(one)
    if (!parsed.success) return mistakesIn(parsed.error, `${at}.${ids[i] ?? i}`)
    if (ids.indexOf(ids[i]) !== i) return [{ at: `${at}.${ids[i]}`, expected: 'stands twice in the book' }]
    return mistakesOfRemedy(one as Diagnosis, `${at}.${ids[i]}.remedy`)
  })
}

const mistakesOfRemedy = ({ remedy }: Diagnosis, at: string): Mistake[] => {
  if (!remedy) return []
  try {
    const steps = remedy.steps()
    return Array.isArray(steps) && steps.length && steps.every(isEntry)
      ? steps.flatMap(({ mistakes }) => mistakes)
      : [{ at, expected: '`steps` must give at least one step: () => [pm2Restart({ … })]' }]
  } catch (error) {
    return [{ at, expected: `\`steps\` cannot be called: ${(error as Error)?.message ?? error}` }]
  }
}

const notAList = (at: string): Mistake => ({
  at,
  expected:
    'must give a list of steps, phase, sequence and parallel; a step is what its factory gives: pullCode()',
})

/** Where the environment itself is mistaken: what its steps would still have wrong, as far as that can be known. */
const guessedMistakes = (name: string, reading: Reading, path: string): Mistake[] =>
  mistakesOfEnvironment(name, { app: { dir: '.' } }, reading, path).filter(
    ({ at, expected }) =>
      expected === notAList(at).expected || !/^(deploy$|watch$|procedures\.|environments\.)/.test(at),
  )

const isEntry = (entry: Entry): boolean =>
  entry?.kind === 'step'
    ? Array.isArray(entry.mistakes)
    : Array.isArray(entry?.entries) && entry.entries.every((inner) => isEntry(inner))

const hasMixedWays = (entry: Entry): boolean =>
  entry.kind !== 'step' &&
  entry.entries.some((inner) => (entry.kind === 'either' ? holdsForks(inner) : hasMixedWays(inner)))

const holdsForks = (entry: Entry): boolean =>
  entry.kind !== 'step' &&
  (entry.kind === 'parallel' || entry.kind === 'either' || entry.entries.some(holdsForks))

const mistakesOfIds = (steps: readonly Step[]): Mistake[] => {
  const ids = steps.map(({ id }) => id)
  const twice = new Set(ids.filter((id, i) => ids.indexOf(id) !== i))
  return [...twice].map((id) => ({
    at: `steps.${id}`,
    expected: 'stands twice in the book; give one of them another `id`',
  }))
}

/** A protected environment's database is backed up before anything changes it; in a deployment, in any case. */
const mistakesOfOrder = (
  entries: readonly Entry[],
  steps: readonly Step[],
  env: Environment,
  at: string,
): Mistake[] => {
  if (!env.protected || !env.database) return []
  if (at !== 'deploy' && !steps.some(({ role }) => role === 'migration')) return []
  const backup = steps.find(({ role }) => role === 'backup')
  if (!backup)
    return [
      {
        at: at === 'deploy' ? `environments.${env.name}` : at,
        expected:
          at === 'deploy'
            ? 'is protected and has a database, so its book needs backupDatabase()'
            : `changes the database of ${env.name}, which is protected, so it needs backupDatabase()`,
      },
    ]
  return [
    ...(backup.optional
      ? [{ at: `steps.${backup.id}`, expected: 'is mandatory in a protected environment' }]
      : []),
    ...tooEarly(entries, false).migrations.map(({ id }) => ({
      at: `steps.${id}`,
      expected: 'would change the database before its backup',
    })),
  ]
}

/** Migrations that may begin before a backup has ended, and whether one has when these have. */
const tooEarly = (
  entries: readonly Entry[],
  backedUp: boolean,
): { migrations: Step[]; backedUp: boolean } => {
  const migrations: Step[] = []
  let now = backedUp
  for (const entry of entries) {
    if (entry.kind === 'step') {
      if (entry.role === 'migration' && !now) migrations.push(entry)
      now ||= entry.role === 'backup'
      continue
    }
    // Beside each other: what one branch has done, another cannot build on.
    // Nor does one way build on the other.
    const apart = entry.kind === 'parallel' || entry.kind === 'either'
    const parts = apart ? entry.entries.map((branch) => [branch]) : [entry.entries]
    const found = parts.map((part) => tooEarly(part, now))
    migrations.push(...found.flatMap((part) => part.migrations))
    now ||=
      entry.kind === 'either' ? found.every((part) => part.backedUp) : found.some((part) => part.backedUp)
  }
  return { migrations, backedUp: now }
}

const secret = z.custom<Secret>(
  (value) => (value as Secret | null)?.kind === 'secret',
  "must be secret('NAME')",
)
const text = z.custom<Text>(
  (value) => typeof value === 'string' || ['secret', 'template'].includes((value as { kind: string })?.kind),
  "must be a string, or secret('NAME')",
)
const string = z.string('must be a string').min(1, 'must not be empty')
/** What git and others answer with paths and branches is read line by line. */
const line = string.regex(/^\P{Cc}*$/u, 'must be one line, without control characters')

/** Everything that is printed and recorded has an address as it is in the book. */
const IN_HEADERS =
  "has a user, a password or a token in it, which every plan and transcript would show: take it out, and sign in by a header: app: { headers: { authorization: text`Basic ${secret('APP_BASIC')}` } }, where APP_BASIC is user:password in base64"

const AS_SECRET =
  "has what signs in, which every plan and transcript would show: write secret('NAME'), or text`Bearer ${secret('NAME')}`"

const environmentSchema = z
  .strictObject(
    {
      protected: z.boolean('must be true or false').optional(),
      // Not an option of ssh's, and nothing that a shell would take apart.
      host: z
        .string("must be 'local', or as ssh knows it: 'deploy@server'")
        .regex(/^[A-Za-z0-9_][\w.@:[\]-]*$/, "must be 'local', or as ssh knows it: 'deploy@server'")
        .refine((host) => !holdsSecret(host), 'has a password in it: take it out; ssh signs in by a key')
        .optional(),
      app: z
        .strictObject(
          {
            dir: line,
            branch: line.optional(),
            revision: revisionName.optional(),
            url: z
              .url({
                protocol: /^https?$/,
                error: 'must be a URL, such as https://app.example.com',
                abort: true,
              })
              .refine((url) => !holdsSecret(url), IN_HEADERS)
              .optional(),
            health: string
              .startsWith('/', 'must begin with /')
              .refine((path) => !holdsSecret(path), IN_HEADERS)
              .optional(),
            probe: z
              .array(
                string
                  .regex(/^(\/|https?:\/\/)/, 'must begin with /, or be a URL')
                  .refine((url) => !holdsSecret(url), IN_HEADERS),
              )
              .optional(),
            headers: z
              .record(
                z.string().regex(/^[\w-]+$/),
                text,
                "must be an object: { authorization: secret('NAME') }",
              )
              .superRefine((headers, context) => {
                for (const [name, value] of Object.entries(headers))
                  if (typeof value === 'string' && headerHoldsSecret(name, value))
                    context.addIssue({ code: 'custom', path: [name], message: AS_SECRET })
              })
              .optional(),
          },
          'must be an object: { dir, branch, url }',
        )
        .refine(({ url, probe = [] }) => url !== undefined || !probe.some((one) => one.startsWith('/')), {
          error: 'needs `url`, to which its paths belong',
          path: ['probe'],
        }),
      database: z
        .strictObject(
          {
            url: secret,
            schema: string.optional(),
            via: z.literal('host', "must be 'host', where it is reached through that").optional(),
            backupsOnHost: line.startsWith('/', 'must be absolute').optional(),
          },
          "must be an object: { url: secret('DATABASE_URL') }",
        )
        .optional(),
      identify: z
        .strictObject(
          {
            database: string.optional(),
            server: string.optional(),
            query: z.strictObject({ sql: string, is: string }, 'must be an object: { sql, is }').optional(),
            remote: string
              .refine(
                (url) => !holdsSecret(url),
                'has a user, a password or a token in it: take it out; remotes are compared without',
              )
              .optional(),
          },
          "must be an object: { database: 'shop_production' }",
        )
        .optional(),
      ledger: line.startsWith('/', 'must be absolute').optional(),
      variables: z
        .record(z.string().regex(/^[A-Za-z_]\w*$/), text, {
          error: ({ code }) =>
            code === 'invalid_key'
              ? 'is not the name of a variable: letters, digits and _'
              : "must be an object: { NODE_ENV: 'production' }",
        })
        .optional(),
    },
    'must be an object: { app: { dir, branch, url } }',
  )
  .check(({ value: { host = 'local', app, database }, issues }) => {
    const mistake = (path: string[], message: string) =>
      issues.push({ code: 'custom', input: app, path, message })
    if (host !== 'local' && !app.dir.startsWith('/')) mistake(['app', 'dir'], `must be absolute on ${host}`)
    for (const key of ['via', 'backupsOnHost'] as const)
      if (host === 'local' && database?.[key])
        mistake(['database', key], 'needs `host`, another than this machine')
  })

const diagnosisSchema = z.strictObject(
  {
    kind: z.literal('diagnosis', 'must be what defineDiagnosis({ … }) gives'),
    id: string.regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes'),
    symptom: string,
    cause: string,
    probe: z.custom((value) => (value as { kind?: unknown } | null)?.kind === 'check', 'must be a check'),
    shows: z.enum(['cause', 'sign'], "must be 'cause' or 'sign'"),
    fits: z.custom((value) => typeof value === 'function', 'must be a function: (failure, step) => boolean'),
    remedy: z
      .strictObject(
        {
          title: string,
          steps: z.custom((value) => typeof value === 'function', 'must be a function: () => [steps]'),
          follows: z.boolean('must be true or false'),
        },
        'must be an object: { title, steps, follows }',
      )
      .optional(),
  },
  'must be what defineDiagnosis({ … }) gives',
)

/** Runs of these names are of the commands. */
const taken = ['deploy', 'run', 'verify', 'watch', 'rollback', 'backup', 'restore', 'prune', 'lock', 'unlock']

const bookSchema = z.strictObject(
  {
    name: string,
    ...peopleShape,
    environments: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/i), environmentSchema, {
        error: ({ code }) =>
          code === 'invalid_key'
            ? 'is named with other than letters, digits and dashes'
            : 'must be an object: { production: { app: { dir } } }',
      })
      .refine((environments) => Object.keys(environments).length > 0, 'must name at least one environment'),
    deploy: z.custom<Book['deploy']>(
      (value) => typeof value === 'function',
      'must be a function: (env) => [steps]',
    ),
    watch: z
      .custom<Book['watch']>(
        (value) => typeof value === 'function',
        'must be a function: (env) => watch({ … })',
      )
      .optional(),
    procedures: z
      .record(
        z
          .string()
          .regex(/^[a-z][a-z0-9-]*$/)
          .refine((name) => !taken.includes(name) && !name.startsWith(MENDS)),
        z.custom<Book['deploy']>(
          (value) => typeof value === 'function',
          'must be a function: (env) => [steps]',
        ),
        {
          error: ({ code }) =>
            code === 'invalid_key'
              ? `is named with other than small letters, digits and dashes, like a command (${taken.join(', ')}), or like a remedy (${MENDS}…)`
              : 'must be an object: { prepare: (env) => [steps] }',
        },
      )
      .optional(),
    diagnoses: z
      .custom<Book['diagnoses']>(
        (value) => typeof value === 'function',
        'must be a function: (env) => [defineDiagnosis({ … })]',
      )
      .optional(),
  },
  'must be exported by default: export default defineRunbook({ … })',
)
