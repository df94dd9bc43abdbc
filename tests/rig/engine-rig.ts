import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../runbook/doors/clock.ts'
import type { Question } from '../../runbook/doors/prompt.ts'
import { makePlan } from '../../runbook/engine/make-plan.ts'
import { openContext } from '../../runbook/engine/open-context.ts'
import { performBook } from '../../runbook/engine/perform-book.ts'
import type { Answers, RunContext } from '../../runbook/engine/run-context.ts'
import { withRun } from '../../runbook/engine/with-run.ts'
import {
  type Action,
  type Actions,
  changes,
  defineCheck,
  defineStep,
  fails,
  holds,
  type Json,
  nothingToUndo,
  readsFile,
} from '../../runbook/index.ts'
import { JournalFile } from '../../runbook/journal/journal-file.ts'
import { type Entries, phase, stepsOf } from '../../runbook/model/book.ts'
import type { Event } from '../../runbook/model/event.ts'
import type { Ended } from '../../runbook/model/exit.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret } from '../../runbook/model/secret.ts'
import type { Step } from '../../runbook/model/step.ts'
import type { Arrangement, Plan } from '../../runbook/plan/plan.ts'

/** A clock in which waiting takes no time. */
export const quickClock = (): Clock & { slept: number[] } => {
  const slept: number[] = []
  let now = 0
  return {
    slept,
    now: () => new Date(Date.UTC(2026, 10, 22, 2, 15) + now),
    monotonic: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      slept.push(ms)
      now += ms
    },
  }
}

/** A fact that a file is in the application's folder. */
export const left = (name: string) =>
  defineCheck({
    fact: `${name} is there`,
    remedy: `touch ${name}`,
    look: async ({ attempt }) =>
      (await attempt(readsFile(name))).ok ? holds(`${name} was found`) : fails(`no ${name}`),
  })

/** A step that leaves a file by a line of shell; `more` changes what is not of interest. */
export const leaves = (id: string, more: Partial<Step> = {}, script = ':'): Step =>
  defineStep<Json, Actions, Json>({
    id,
    title: `Leave ${id}`,
    about: '',
    actions: () => ({ leave: changes('sh', '-c', `${script}; touch ${id}`) as Action }),
    after: () => [left(id)],
    undo: () => nothingToUndo('it is a test'),
    ...more,
  })

/** What the operator answers, or what happens until then. */
type Reply = string | (() => Promise<string>)

export interface Performed {
  ended: Ended
  events: Event[]
  /** `type step`, without what was looked at. */
  story: string[]
  plan: Plan | undefined
  journal: string
  context: RunContext
  questions: Question[]
}

/** An application's folder in which books are planned and performed for real, each run with a journal of its own. */
export const engineRig = (
  options: {
    clock?: Clock
    variables?: Record<string, string>
    app?: { url: string; probe: string[] }
    databaseUrl?: string
  } = {},
) => {
  const home = mkdtempSync(join(tmpdir(), 'runbook engine '))
  const dir = join(home, 'app')
  mkdirSync(dir)
  const database = options.databaseUrl && { database: { url: secret('DATABASE_URL') } }
  const env = resolveEnvironment('staging', { app: { dir, ...options.app }, ...database }, home)
  const abort = new AbortController()
  let runs = 0

  const arrange = (entries: Entries): Arrangement => {
    const { entries: tree } = phase('', entries)
    return { book: undefined as never, env, entries: tree, steps: tree.flatMap(stepsOf), fingerprint: '' }
  }
  const open = (journal: JournalFile | undefined, answers: Answers, replies: Reply[]) => {
    const questions: Question[] = []
    const { context, close } = openContext({
      env,
      bookFolder: home,
      stateDir: join(home, '.runbook'),
      stamp: '20261122T021500Z',
      name: 'runbook engine test',
      variables: {
        ...process.env,
        ...(options.databaseUrl && { DATABASE_URL: options.databaseUrl }),
        ...options.variables,
      },
      ask: async (question) => {
        questions.push(question)
        const reply = replies.shift() ?? ''
        return typeof reply === 'string' ? reply : reply()
      },
      answers,
      signal: abort.signal,
      ...(journal && { journal }),
      ...(options.clock && { clock: options.clock }),
    })
    const events: Event[] = []
    context.recorder.onEvent((event) => events.push(event))
    return { context, close, events, questions }
  }

  return {
    dir,
    home,
    abort,
    in: (path: string) => join(dir, path),
    /** The transcript that the next run will have. */
    nextJournal: () => join(home, '.runbook/runs', String(runs), 'journal.jsonl'),
    plan: async (entries: Entries): Promise<Awaited<ReturnType<typeof makePlan>> & { events: Event[] }> => {
      const { context, close, events } = open(undefined, { yes: false }, [])
      try {
        return { ...(await makePlan(arrange(entries), context, new Map())), events }
      } finally {
        await close()
      }
    },
    perform: async (
      entries: Entries,
      { replies = [], run = 'r', ...answers }: Partial<Answers> & { replies?: Reply[]; run?: string } = {},
    ): Promise<Performed> => {
      const path = join(home, '.runbook/runs', String(runs++), 'journal.jsonl')
      const journal = new JournalFile(path)
      const { context, close, events, questions } = open(journal, { yes: true, ...answers }, replies)
      let plan: Plan | undefined
      const started = { run, book: 'b', env: 'staging', operator: 'o', machine: 'm', pid: 1 }
      const ended = await withRun(
        { ...started, command: 'deploy', version: '0', fingerprint: '' },
        context,
        async () => ({ leave: async () => {} }),
        () =>
          performBook(arrange(entries), context, {
            what: 'Deploy',
            usually: new Map(),
            canAsk: answers.canAsk ?? false,
            present: (presented) => {
              plan = presented
            },
          }),
      )
      await close()
      journal.close()
      const story = events.flatMap((event) =>
        event.type === 'looked' || !('step' in event) || !event.step ? [] : [`${event.type} ${event.step}`],
      )
      return { ended, events, story, plan, journal: path, context, questions }
    },
    dispose: () => rmSync(home, { recursive: true, force: true }),
  }
}
