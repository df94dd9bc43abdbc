import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arrangeRemedy } from '../../runbook/engine/arrange-remedy.ts'
import { backupsOf } from '../../runbook/engine/backups-of.ts'
import { diagnose } from '../../runbook/engine/diagnose.ts'
import { makePlan } from '../../runbook/engine/make-plan.ts'
import { openContext } from '../../runbook/engine/open-context.ts'
import { preflight, together } from '../../runbook/engine/preflight.ts'
import { lookOf, type RunContext } from '../../runbook/engine/run-context.ts'
import { runStep } from '../../runbook/engine/run-step.ts'
import { JournalFile } from '../../runbook/journal/journal-file.ts'
import { stampOf } from '../../runbook/journal/run-id.ts'
import type { EnvironmentDefinition } from '../../runbook/model/book.ts'
import type { Check, Verdict } from '../../runbook/model/check.ts'
import type { Found } from '../../runbook/model/diagnosis.ts'
import type { Environment } from '../../runbook/model/environment.ts'
import type { Event } from '../../runbook/model/event.ts'
import { type Failure, failureOf } from '../../runbook/model/failure.ts'
import type { Json } from '../../runbook/model/json.ts'
import type { PlannedStep } from '../../runbook/model/planned-step.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret } from '../../runbook/model/secret.ts'
import type { Step } from '../../runbook/model/step.ts'
import { diagnosesOf } from '../../runbook/plan/diagnoses-of.ts'
import type { Arrangement } from '../../runbook/plan/plan.ts'

export interface StepRigOptions {
  /** The application's folder. */
  dir: string
  databaseUrl?: string
  /** Where its commands run. */
  host?: string
  /** Through that to the database. */
  via?: 'host'
  /** Where dumps are made and kept there. */
  backupsOnHost?: string
  schema?: string
  app?: { branch?: string; url?: string; health?: string }
  /** Over the test's own environment. */
  variables?: Record<string, string>
  secrets?: Record<string, string>
  /** The book's `variables`. */
  environment?: EnvironmentDefinition['variables']
  protected?: boolean
  name?: string
}
export interface RunOptions {
  answers?: string[]
  /** What a rehearsal tries out, and what it allows. */
  migrations?: Step[]
  allow?: string[]
  /** Done before each of the steps. */
  before?(step: Step): Promise<void>
}
export interface StepRun {
  ended: 'done' | 'skipped' | 'failed'
  failure?: Failure
  events: Event[]
  output: Json
  observed: Json
  summary: string
  /** The actions begun, as printed. */
  performed: string[]
}

/** What one entry says. */
export interface Diagnosis {
  found: Found
  seen: string
  remedy: string
  tail: string
}

const arrangementOf = (env: Environment, steps: Step[]): Arrangement => ({
  book: { name: 'rig', environments: {}, deploy: () => steps },
  ...{ env, steps, entries: steps, fingerprint: '' },
})

/** One environment in which single steps and checks are run for real, each run with a journal of its own. */
export const stepRig = async (options: StepRigOptions) => {
  const home = mkdtempSync(join(tmpdir(), 'runbook rig '))
  const stateDir = join(home, '.runbook')
  mkdirSync(join(stateDir, 'backups'), { recursive: true, mode: 0o700 })
  const definition: EnvironmentDefinition = {
    protected: options.protected ?? false,
    app: { dir: options.dir, ...options.app },
    ...(options.host && { host: options.host }),
    ...(options.environment && { variables: options.environment }),
    ...(options.databaseUrl && {
      database: {
        url: secret('DATABASE_URL'),
        schema: options.schema ?? 'public',
        ...(options.via && { via: options.via }),
        ...(options.backupsOnHost && { backupsOnHost: options.backupsOnHost }),
      },
    }),
  }
  const env = resolveEnvironment(options.name ?? 'rig', definition, home)
  const variables = {
    ...process.env,
    ...(options.databaseUrl && { DATABASE_URL: options.databaseUrl }),
    ...options.secrets,
    ...options.variables,
  }
  const abort = new AbortController()
  let runs = 0
  /** Of the run that goes on, or the last one. */
  let latest: readonly Event[] = []

  const inContext = async <T>(
    work: (context: RunContext, events: Event[]) => Promise<T>,
    { answers, journal, allow = [] }: { answers?: string[]; journal?: JournalFile; allow?: string[] } = {},
  ): Promise<T> => {
    const waiting = [...(answers ?? [])]
    const { context, close } = openContext({
      env,
      bookFolder: home,
      stateDir,
      stamp: stampOf(new Date(Date.now() + runs++ * 1000)),
      name: 'runbook rig',
      variables,
      ask: async () => waiting.shift() ?? '',
      answers: { yes: answers === undefined, allow },
      signal: abort.signal,
      ...(journal && { journal }),
    })
    const events: Event[] = []
    latest = events
    context.recorder.onEvent((event) => events.push(event))
    try {
      return await work(context, events)
    } finally {
      await close()
      journal?.close()
    }
  }

  return {
    env,
    home,
    stateDir,
    backups: join(stateDir, 'backups'),
    abort,
    /** What has happened so far. */
    seen: () => latest,
    /** Runs steps one after the other in one run; the result is the last one's. */
    run: async (
      step: Step | Step[],
      { answers, migrations, allow, before }: RunOptions = {},
    ): Promise<StepRun> => {
      const steps = [step].flat()
      const journal = new JournalFile(join(stateDir, 'runs', String(runs), 'journal.jsonl'))
      return inContext(
        async (context, events) => {
          let failure: Failure | undefined
          if (migrations) context.migrations = migrations
          let id = ''
          for (const each of steps) {
            await before?.(each)
            id = each.id
            try {
              await runStep(each, context)
            } catch (error) {
              failure = failureOf(error)
              break
            }
          }
          const record = context.state.steps.get(id)!
          const { state } = record
          return {
            ended: state.is === 'done' || state.is === 'skipped' ? state.is : ('failed' as const),
            ...(failure && { failure }),
            events,
            output: state.is === 'done' ? state.output : null,
            observed: record.observed ?? null,
            summary: state.is === 'done' ? state.summary : '',
            performed: events.flatMap((event) => (event.type === 'action-started' ? [event.printed] : [])),
          }
        },
        { ...(answers && { answers }), ...(allow && { allow }), journal },
      )
    },
    look: (check: Check): Promise<Verdict> =>
      inContext(async (context) => {
        try {
          return await check.look(lookOf(context, undefined))
        } catch (error) {
          return { holds: false, seen: JSON.stringify(failureOf(error)) }
        }
      }),
    /** What a plan says of these steps, and everything that it finds wrong. */
    plan: (...steps: Step[]): Promise<{ steps: PlannedStep[]; failures: Failure[] }> =>
      inContext(async (context) => {
        const arrangement = { env, steps, entries: steps } as unknown as Arrangement
        const { plan, failures } = await makePlan(arrangement, context, new Map())
        return { steps: plan.steps, failures }
      }),
    /** What `doctor` says of these steps. */
    needs: (...steps: Step[]): Promise<Failure | undefined> =>
      inContext(async (context) => {
        const failures = await preflight({ env, steps, entries: steps } as unknown as Arrangement, context)
        return failures.length ? together(failures) : undefined
      }),
    /** What `runbook diagnose` finds of these steps, by the entries' ids. */
    diagnose: (...steps: Step[]): Promise<Record<string, Diagnosis>> =>
      inContext(async (context, events) => {
        await diagnose(diagnosesOf(arrangementOf(env, steps)), context)
        return Object.fromEntries(
          events.flatMap((event) => {
            if (event.type !== 'looked' || !event.diagnosed) return []
            const { id, found } = event.diagnosed
            return [[id, { found, seen: event.seen, remedy: event.remedy ?? '', tail: event.tail ?? '' }]]
          }),
        )
      }),
    /** The steps of a remedy, in order. */
    remedy: (id: string, ...steps: Step[]): Step[] => {
      const arrangement = arrangementOf(env, steps)
      return [...arrangeRemedy(arrangement, diagnosesOf(arrangement).find((one) => one.id === id)!).steps]
    },
    /** What `runbook backups` says of each dump: the operator's, and those kept on the host. */
    proofs: (): Promise<{ host?: string; stands: boolean; seen: string }[]> =>
      inContext(async (context) =>
        Promise.all(
          (await backupsOf(context)).map(async ({ host, prove }) => ({
            ...(host !== undefined && { host }),
            ...(await prove()),
          })),
        ),
      ),
    dispose: () => rmSync(home, { recursive: true, force: true }),
  }
}
