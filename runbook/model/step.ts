import type { Actions, Transaction } from './action.ts'
import type { Check } from './check.ts'
import type { BY_VARIABLES } from './closed-network.ts'
import type { Danger } from './danger.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Environment, Place } from './environment.ts'
import type { Evidence } from './evidence.ts'
import type { Json } from './json.ts'
import type { Act, Look, Revision, RunPaths } from './look.ts'
import { mistakesOfShape } from './mistakes-of-shape.ts'
import type { Loss, Undo } from './undo.ts'

/**
 * `state` is what a rollback restores; what `follows` from it is run again. What `verifies` can be asked at any
 * time. What `prepares` matters to its own run only.
 */
export type Sort = 'state' | 'follows' | 'verifies' | 'prepares'

/** What a step knows without looking. Everything made from it is pure, so that a plan can print it. */
export interface Known<Seen> {
  readonly observed: Seen
  readonly env: Environment
  readonly run: RunPaths
  /** An earlier attempt of this run had begun its effects; what was observed is from before them. */
  readonly again?: true
}

/** 'HEAD': 3f2a1b0. */
export type Facts = Readonly<Record<string, string>>

/** A section of the guide. */
export interface Step<Seen extends Json = any, Acts extends Actions = any, Out = any> {
  readonly kind: 'step'
  readonly id: string
  /** An imperative: 'Pull the latest code'. */
  readonly title: string
  /** What it does and refuses, for operators; the step's documentation begins with it. */
  readonly about: string
  readonly sort: Sort
  /** The operator may go on without it after a failure. */
  readonly optional: boolean
  /** Done even where a step before it, in the same group, has failed: it starts again what that group had stopped. */
  readonly regardless?: boolean
  /** Stops what a later step of its group starts again, or puts up what holds no longer than its run: done anew where a resume has to do what stands between. */
  readonly halts?: boolean
  /** Where an operator looks when nothing shows whether it was done before the run was killed. Default: `after` shows it. */
  readonly doubt?: string
  /** Where its commands run and its files are. Default: on the environment's host. */
  readonly at?: Place
  /**
   * It goes on for a set time, whatever it finds: not what `verify` and a rollback do again, but what `watch` is for.
   */
  readonly lasting?: boolean
  /** Why the run goes on after its failure: what does not hold is named, and judged, at the end. */
  readonly advisory?: string
  /**
   * What its author vouches for: its commands know the database by nothing but the variables that they are given, be it a
   * URL or libpq's. Then they can be rehearsed where they cannot be kept from everything but the copy.
   */
  readonly database?: typeof BY_VARIABLES
  /**
   * Of a step that verifies: whether it is asked once before the first effect too, so that the end of the run can say what
   * has changed. Default: where all of its actions only read. True: also where they change something; that is done once
   * the run is confirmed. False: what it says of that moment would mean nothing.
   */
  readonly baseline?: boolean
  /**
   * A protected environment needs a `backup`, and it stands before each `migration`, which a `rehearsal` tries out. A
   * `migration` changes the database, so it is of the sort `state`, and its undo is a database undo: it is performed only
   * where a rollback is asked for the database.
   */
  readonly role?: 'backup' | 'migration' | 'rehearsal'
  /**
   * Its `after` holds what there is against what it is made from, as node_modules against the lock file: where that holds,
   * nothing is left to do, whatever was changed before it. False for an event, such as a restart, which the old process
   * fulfils just as well: that is performed whenever something before it has changed in the run.
   */
  readonly provenByContent: boolean
  /** Done before the operator is asked, and these steps before it: none of them touches what runs. */
  readonly ahead?: readonly Step[]
  /** What must hold before the run begins: tools, access, secrets. `doctor` shows them. */
  needs(at: { env: Environment }): readonly Check[]
  /** Looks; the result is recorded before the first effect, and used again by resume and rollback. */
  observe(at: Look): Promise<Seen>
  /** It moves the code to `app.revision` where the book or the command line names one. */
  readonly takesRevision?: boolean
  /** Of a step that moves the code; undefined where that cannot be known yet. */
  revision?(at: Known<Seen>): Revision | undefined
  /**
   * What of the observation the plan rests on, by name. Where one of them is otherwise when the step's turn comes, what
   * the operator confirmed is no longer what would be done, and it stops.
   */
  restsOn?(at: Known<Seen>): Facts
  /** What must hold when the step begins. */
  before(at: Known<Seen>): readonly Check[]
  /** What the observation means to an operator, a line each: the commits to come. Shown by a plan. */
  findings?(at: Known<Seen>): readonly string[]
  /** What may go wrong, or hurt users, while it is done, and the safe way instead. Shown before the question. */
  dangers?(at: Known<Seen>): readonly Danger[]
  actions(at: Known<Seen>): Acts
  /** Default: performs each action, in order. */
  run(act: Act<Acts, Seen>): Promise<void>
  /** What "done" means; looked at beforehand too, and then the step is `already done`. */
  after(at: Known<Seen>): readonly [Check, ...Check[]]
  /** What later steps may use; read from the world, so that a crash cannot lose it. */
  output(at: Look & { observed: Seen }): Promise<Out>
  /** What of the output is known from the observation alone. */
  foresee?(at: Known<Seen>): Out
  /** One line of evidence for the operator: '3f2a1b0 → 9c8d7e6, 2 commits'. */
  summary?(at: { observed: Seen; output: Out }): string
  /** `output`: of the step where it was done, when its checks are made for a rollback; its actions are frozen before that. */
  undo(at: Known<Seen> & { readonly output?: Out }): Undo
  /** Of a step with the role `backup`: how the database comes back from what such a step has kept. */
  restore?(from: RestoreSource): Restore
  /** Of a step with the role `backup`, which is given: the step that rehearses migrations on what it has kept. */
  rehearsal?(backup: Step): Step
  /**
   * What of the commands that it runs changes the schema of a database, where its actions do not show that: 'knex
   * migrate:latest'. Where its role is another, a plan and `doctor` warn.
   */
  migrates?(at: Known<Seen>): readonly string[]
  /** Of a migration whose SQL another program runs: the same SQL as a trial, so that each statement can be measured. */
  trial?(at: Known<Seen>): Transaction | undefined
  /** Of a step that starts the application: a step that stops it, which this one then starts again. */
  stop?(at: { env: Environment }): Step
  /** What differs of it where that step has stopped the application before. */
  stopped?(stop: Step): Partial<Pick<Step, 'observe' | 'actions'>>
  /**
   * What may be the matter with what it is about, long after it was done too: it knows the process, the folder, the file.
   * `step`: itself, with what its book says of it.
   */
  diagnoses?(at: { env: Environment; step: Step }): readonly Diagnosis[]
  /**
   * Of a step that starts the application, and of one that watches: the step that watches for `span` ms. `started`: all
   * steps of the book that have this.
   */
  watch?(at: { env: Environment; started: readonly Step[]; span?: number }): Step
  /** Counts what it will take away; shown before the question, and recorded. */
  loses?(at: Look & { observed: Seen }): Promise<Loss[]>
  /** It takes something away that nothing counts: what a program does is known to that program only. */
  readonly uncounted?: boolean
  /** What of the world helps to understand it when something failed; `observed`: where that is known. */
  evidence?(at: { env: Environment; observed: Seen | undefined }): readonly Evidence[]
  /** What the book says of it, where a factory made it. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Mistakes in the options that it was made with, found when the book is loaded. */
  readonly mistakes: readonly Mistake[]
}
/** What a database can come back from: a dump, or one that an earlier restore has replaced and kept. */
export type RestoreSource =
  /**
   * `at`: where it is; default: `backups`. `inPlace`: into the live database itself, of which a backup is made right before.
   * `sha256`: which dump is meant, by the transcript of the run that made it or by whoever named it; without it the manifest
   * beside the dump is all that tells.
   */
  | { readonly dump: string; readonly at?: Place; readonly inPlace?: boolean; readonly sha256?: string }
  | { readonly kept: string }
/** A restore in three steps, of which only the second touches the live database. */
export interface Restore {
  /** Puts the backup beside the live database, and proves it there, while the application still runs. */
  readonly bring: Step
  /** Puts the one in the place of the other, and keeps what it replaced. */
  readonly swap: Step
  /** Holds what was lost against what had been counted; when the application runs again. */
  readonly account: Step
}
export interface Mistake {
  /** Where in the book: `steps.pull-code.remote`. */
  readonly at: string
  readonly expected: string
}

type Defaulted =
  | 'kind'
  | 'sort'
  | 'optional'
  | 'provenByContent'
  | 'needs'
  | 'before'
  | 'run'
  | 'output'
  | 'mistakes'

/** What an author writes; the rest has defaults. */
export type StepDefinition<Seen extends Json, Acts extends Actions, Out> = Omit<
  Step<Seen, Acts, Out>,
  Defaulted | 'actions' | 'observe'
> &
  Partial<
    Pick<
      Step<Seen, Acts, Out>,
      'sort' | 'optional' | 'provenByContent' | 'needs' | 'before' | 'run' | 'output'
    >
  > & {
    observe?(at: Look): Promise<Seen>
    actions?(at: Known<Seen>): Acts
  }

/**
 * Defines a step. Write `observe` before what uses `observed`, so that the compiler can carry its type.
 * Without `sort` a step is of the sort `follows`, and one with the role `migration` of the sort `state`. Without
 * `provenByContent` only the `after` of a `state` is proof whatever was changed before it.
 */
export const defineStep = <
  Seen extends Json = null,
  const Acts extends Actions = Record<never, never>,
  Out = null,
>(
  definition: StepDefinition<Seen, Acts, Out>,
): Step<Seen, Acts, Out> => ({
  sort: definition.role === 'migration' ? 'state' : 'follows',
  optional: false,
  provenByContent: (definition.sort ?? (definition.role === 'migration' && 'state')) === 'state',
  needs: () => [],
  before: () => [],
  observe: async () => null as Seen,
  actions: () => ({}) as Acts,
  output: async () => null as Out,
  run: async ({ perform, observed, env, run }) => {
    const actions = (definition.actions?.({ observed, env, run }) ?? {}) as Actions
    for (const name of Object.keys(actions))
      await (perform as unknown as (name: string) => Promise<unknown>)(name)
  },
  ...definition,
  kind: 'step',
  mistakes: [
    ...mistakesOfShape(definition),
    ...(definition.role === 'migration' && (definition.sort ?? 'state') !== 'state'
      ? [
          {
            at: `steps.${definition.id}.sort`,
            expected: "is 'state' for the role 'migration', or is left out",
          },
        ]
      : []),
  ],
})
