import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabasePart } from '../model/database-parts.ts'
import { Failed, unmet } from '../model/failure.ts'
import { namedSecrets, type Secret, type Text } from '../model/secret.ts'
import { isSecretName } from '../model/secret-name.ts'
import type { Around } from './database-files.ts'
import {
  beyondPrisma,
  type DatabaseTarget,
  databaseIn,
  parseDatabaseUrl,
  withDatabase,
  withOptions,
} from './database-url.ts'
import { type FileVariables, otherEnvFiles, variablesIn } from './env-files.ts'
import { holdsPath, isSaidHere } from './path-here.ts'
import { Redactor } from './redaction.ts'
import { isOpaque } from './secret-parts.ts'
import { readers, type Stranger, strangerToSecrets } from './whose.ts'

/**
 * Opens secrets: from `.env.<environment>` beside the book, or from the process's environment. The file wins, because
 * a shell keeps the variables of the environment that was deployed before.
 */
export class Secrets {
  readonly #file: string
  readonly #variables: Readonly<Record<string, string | undefined>>
  readonly #redactor: Redactor
  #fromFile: FileVariables | undefined
  #open: Stranger | undefined
  #exists = false
  /** Where a URL leads instead. */
  readonly #leads: (value: string) => string

  constructor(private readonly options: SecretsOptions) {
    this.#leads = options.leads ?? ((value) => value)
    this.#file = join(options.bookFolder, `.env.${options.environment}`)
    this.#variables = options.variables
    this.#redactor = options.redactor
    for (const [name, value] of Object.entries(this.#readFile()))
      if (value && looksSecret(name, value)) this.#redactor.learn(name, value)
  }

  /**
   * The same secrets, but that every URL which leads to this one's database, by whatever host, leads to a copy of it: an
   * application may know its database by several names.
   */
  leadingTo(live: Secret, copy: { database: string; server?: Text }): Secrets {
    const own = this.target(live).database
    const server = copy.server === undefined ? undefined : this.text(copy.server)
    const leads = (value: string): string => {
      if (databaseIn(value, this.#around) !== own) return value
      const led = withDatabase(server ?? value, copy.database)
      this.#redactor.learn(live.name, led)
      return led
    }
    return new Secrets({ ...this.options, leads })
  }

  /** Who may read `.env.<environment>` besides, and what to type; undefined where nobody may, or where there is none. */
  get openTo(): Stranger | undefined {
    this.#readFile()
    return this.#open
  }

  /** Each of them opened, such as the headers of a request. */
  texts(values: Readonly<Record<string, Text>>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, this.text(value)]))
  }

  /** What `.env.<environment>` has. */
  file(): Readonly<Record<string, string | undefined>> {
    return this.#readFile()
  }

  /** What `.env.*` of others beside the book have, by the files' names. */
  filesOfOthers(): ReadonlyMap<string, FileVariables> {
    return otherEnvFiles(this.options.bookFolder, this.options.environment)
  }

  /** The database that a URL leads to: 'host:port/name/schema'; undefined where it is none, or is refused. */
  whereTo(value: string): string | undefined {
    const target = parseDatabaseUrl(value, this.#around)
    if ('mistake' in target) return undefined
    const { host, hostaddr, port, database, schema } = target
    const at = (hostaddr ?? host ?? '').toLowerCase().replaceAll(/\b(localhost|::1)\b|::1/g, '127.0.0.1')
    return [at, port, database, schema ?? ''].join('/')
  }

  /** The value that the operator's shell has of a name. */
  inShell(name: string): string | undefined {
    return this.#variables[name]
  }

  /** Where the value of a secret is from; undefined where it has none. */
  originOf(name: string): 'file' | 'shell' | undefined {
    const fromFile = this.#readFile()[name]
    if (fromFile !== undefined) return fromFile.trim() ? 'file' : undefined
    return this.#variables[name]?.trim() ? 'shell' : undefined
  }

  /** Whether there is a `.env.<environment>`. */
  get hasFile(): boolean {
    this.#readFile()
    return this.#exists
  }

  /** These variables, with what leads elsewhere led there too. */
  led(variables: SecretsOptions['variables']): SecretsOptions['variables'] {
    return Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value && this.#leads(value)]),
    )
  }

  /** What is used in the last step must not be printed by a child of the first, which has it in its environment. */
  foresee(): void {
    for (const name of namedSecrets()) {
      for (const value of [this.#readFile()[name], this.#variables[name]])
        if (value) this.#redactor.learn(name, value)
    }
  }

  /** What was no secret before this run, such as the token that a login answers with. */
  obtain(name: string, value: string): void {
    this.#redactor.learn(name, value)
  }

  /** What is too short to be masked, such as `the password in DATABASE_URL`, and how many characters it has. */
  get tooShort(): ReadonlyMap<string, number> {
    return this.options.redactor.tooShort
  }

  /** The value, or a part of it; undefined where a URL lacks that part. Whatever is opened is redacted from then on. */
  open({ name, part, options }: Secret): string | undefined {
    const value = this.#readFile()[name] ?? this.#variables[name]
    if (!value?.trim())
      throw new Failed({ kind: 'secret-missing', name, empty: value !== undefined, file: this.#file })
    this.#redactor.learn(name, value)
    const led = this.#leads(value)
    if (options) return withOptions(led, options)
    return part ? this.#part(name, led, part) : led
  }

  text(value: Text): string {
    if (typeof value === 'string') return value
    if (value.kind === 'secret') return this.open(value) ?? ''
    return value.parts.map((part) => this.text(part)).join('')
  }

  /** What a database's URL says, of which nothing may be passed over that weakens a check. */
  target({ name, ...secret }: Pick<Secret, 'kind' | 'name'>): DatabaseTarget {
    return this.#target(name, this.open({ kind: secret.kind, name })!)
  }

  #target(name: string, value: string): DatabaseTarget {
    const target = parseDatabaseUrl(value, this.#around)
    if ('mistake' in target) {
      const { mistake, remedy } = target
      throw new Failed({ kind: 'secret-malformed', name, message: mistake, ...(remedy && { remedy }) })
    }
    // From a file of services it is in no variable.
    if (target.password && !value.includes(target.password)) this.#redactor.learn(name, target.password)
    return target
  }

  #part(name: string, value: string, part: DatabasePart): string | undefined {
    return part === 'beyond_prisma' ? beyondPrisma(value) : this.#target(name, value)[part]
  }

  get #around(): Around {
    return { variables: this.aroundDatabase, here: !this.options.elsewhere }
  }

  /**
   * Of which libpq takes what a URL does not say: of this environment's file, and of the operator's shell what is not of PostgreSQL. A shell
   * keeps the `PGPASSWORD` and the `PGSERVICEFILE` of the environment before; one that the book calls a secret is meant.
   */
  get aroundDatabase(): FileVariables {
    const named = new Set(namedSecrets())
    const isOfPostgres = ([name]: [string, unknown]) => name.startsWith('PG')
    return Object.fromEntries([
      ...Object.entries(this.#variables).filter((one) => !isOfPostgres(one) || named.has(one[0])),
      ...Object.entries(this.#readFile()).filter(isOfPostgres),
    ])
  }

  /** Its text, of the very file that was looked at. */
  #read(): string {
    const file = openSync(this.#file, 'r')
    try {
      this.#exists = true
      const stat = fstatSync(file)
      const stranger = strangerToSecrets(this.#file, stat, this.options.strict ?? false)
      if (stranger) throw unmet(`${this.#file} is its owner’s alone`, stranger.what, stranger.remedy)
      this.#open = readers(this.#file, stat)
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  }

  #readFile(): FileVariables {
    if (this.#fromFile) return this.#fromFile
    try {
      this.#fromFile = variablesIn(this.#read())
    } catch (error) {
      if (error instanceof Failed) throw error
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new Failed({
          kind: 'file-failed',
          path: this.#file,
          code: (error as NodeJS.ErrnoException).code ?? '',
          message: (error as Error).message,
        })
      this.#fromFile = {}
    }
    return this.#fromFile
  }
}

export interface SecretsOptions {
  environment: string
  /** Whether nobody but its owner and its group may even read the file. Default: false. */
  strict?: boolean
  bookFolder: string
  variables: Readonly<Record<string, string | undefined>>
  redactor: Redactor
  /** Whether its commands run on another machine. Default: here. */
  elsewhere?: boolean
  leads?: (value: string) => string
}

/** A file of variables also holds plain configuration, which must stay readable. */
const looksSecret = (name: string, value: string): boolean =>
  (isSecretName(name) && !holdsPath(name, value)) || /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*:[^/\s]*@/i.test(value)

/** Without a book nobody says what is secret, and an operator types one in place of a name: no path, list or sentence. */
const mayBePasted = (value: string): boolean =>
  value.length >= 12 && !/^[./~]|[:\s]/.test(value) && isOpaque(value)

/** Takes every secret that was named, or looks like one, and stands in these variables, out of a text. */
export const withoutSecrets = (
  variables: Readonly<Record<string, string | undefined>>,
): ((text: string) => string) => {
  const redactor = new Redactor()
  const named = new Set(namedSecrets())
  for (const [name, value] of Object.entries(variables))
    if (
      value &&
      (named.has(name) || looksSecret(name, value) || (mayBePasted(value) && !isSaidHere(value, variables)))
    )
      redactor.learn(name, value)
  return (text) => redactor.text(text)
}
