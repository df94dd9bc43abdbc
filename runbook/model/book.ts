import type { Diagnosis } from './diagnosis.ts'
import type { App, Environment, Identity } from './environment.ts'
import type { Notifier } from './notifier.ts'
import type { Person } from './person.ts'
import type { Secret, Text } from './secret.ts'
import type { Step } from './step.ts'

/** A step, or a group of them. */
export type Entry = Step | Group
export interface Group {
  readonly kind: 'phase' | 'sequence' | 'parallel' | 'either'
  readonly title: string
  /** How long its author says it takes: '2m'. */
  readonly takes?: string
  readonly entries: readonly Entry[]
}
/** What a book may write in a list: falsy entries are dropped. */
export type Entries = readonly (Entry | false | undefined | null | '' | 0)[]

const group =
  (kind: Group['kind']) =>
  (title: string, entries: Entries): Group => {
    // A book is not held to its types when it is loaded.
    if (!Array.isArray(entries))
      throw new Error(`${kind}${title && ` '${title}'`} needs a list: [step, step]`)
    return { kind, title, entries: entries.filter((entry) => !!entry) }
  }

/** A titled part of the page; `takes`: how long its author says it takes, such as '30s' or '5m'. */
export const phase = (
  title: string,
  ...given: [entries: Entries] | [about: { takes: string }, entries: Entries]
): Group => {
  const [about, entries] = given.length === 2 ? given : [undefined, given[0]]
  return { ...group('phase')(title, entries), ...(about && { takes: about.takes }) }
}
/** One after the other; inside of `parallel`. */
export const sequence = (entries: Entries): Group => group('sequence')('', entries)
/** At the same time: the only way to leave the order of the page. */
export const parallel = (entries: Entries): Group => group('parallel')('', entries)
/**
 * A method and its fallback. The second way is offered when the first has failed, and is seen to have changed nothing;
 * each is a step or a sequence.
 */
export const either = (first: Entry, second: Entry): Group => group('either')('', [first, second])

/** An environment as a book writes it. */
export interface EnvironmentDefinition {
  /** Its name is typed before anything changes; a backup is mandatory. Default: false. */
  protected?: boolean
  /** Where its commands run and its files are: `local` (the default) or an OpenSSH destination. */
  host?: string
  /** `dir`: the folder of the clone, relative to the book; on another host absolute. */
  app: Pick<App, 'dir'> & Partial<App>
  /**
   * `via: 'host'`: reached through the host, and named as the host knows it. `backupsOnHost`: an absolute folder there, in
   * which dumps are made, proven and kept, by the host's own programs.
   */
  database?: { url: Secret; schema?: string; via?: 'host'; backupsOnHost?: string }
  /** What tells it from every other; something else under its name is refused before anything is done. */
  identify?: Identity
  /**
   * An absolute folder of its host in which its ledger is kept: what was done to it, by whom. Default: the clone’s .git/runbook, or
   * beside `backupsOnHost`; name it where there is neither.
   */
  ledger?: string
  /** Given to every command. */
  variables?: Record<string, Text>
}

export interface Book {
  readonly name: string
  /** Who must have approved a rollback; asked and recorded. */
  readonly approval?: Approval
  /** Who is told, and asked, when something fails; shown then, and in the guide. */
  readonly contacts?: readonly Person[]
  /** Whom a run tells that it begins, and how it ended: `slack(secret('SLACK_WEBHOOK'))`. */
  readonly notify?: readonly Notifier[]
  readonly environments: Readonly<Record<string, EnvironmentDefinition>>
  deploy(env: Environment): Entries
  /** What `runbook watch <env>` watches, and within which limits. Default: a watch in `deploy`, or what that starts. */
  readonly watch?: (env: Environment) => Step | false | undefined
  /** What else the book can do, by name: `runbook run <name> <env>`. */
  readonly procedures?: Readonly<Record<string, (env: Environment) => Entries>>
  /** What else may be the matter, besides what its steps know of: `runbook diagnose <env>`. */
  readonly diagnoses?: (env: Environment) => readonly (Diagnosis | false | undefined)[]
}

/** Whose word a rollback needs, and how they are reached. */
export interface Approval {
  /** A name; of one of the contacts, or another. */
  readonly from: string
  /** Default: as the contact of that name. */
  readonly contact?: string
}

/** Defines a book: the default export of `runbook.config.ts`. */
export const defineRunbook = (book: Book): Book => book

/** The steps of a tree, in the order of the page. */
export const stepsOf = (entry: Entry): Step[] =>
  entry.kind === 'step' ? [entry] : entry.entries.flatMap(stepsOf)
