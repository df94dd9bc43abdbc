import { type EventOf, isForwards } from '../model/event.ts'
import type { LedgerBackup, LedgerContent, LedgerRun } from '../model/ledger.ts'
import type { Revision } from '../model/look.ts'
import { OTHER_WAY } from '../model/ways.ts'
import { emptyRun, foldRun, type RunState, type StepRecord } from './fold.ts'
import { type PastRun, pastRuns, performing } from './past-runs.ts'
import { byTime } from './run-id.ts'
import type { RunSummary } from './run-index.ts'
import { areUnknown, changedLines, type Flaw, transcriptOf } from './runs.ts'

/** A run of an environment: from its transcript where that is here, otherwise from the environment's ledger. */
export interface KnownRun {
  id: string
  summary: RunSummary
  /** What the environment's ledger says of it. */
  ledger?: LedgerRun
  /** Its transcript is in this state folder. */
  here: boolean
}

/** The runs of an environment, oldest first. The ledger's order is the truth; clocks are asked only for what it does not hold. */
export const historyOf = async (
  stateDir: string,
  env: string,
  { runs }: LedgerContent,
): Promise<KnownRun[]> => {
  const own = new Map<string, RunSummary>()
  for await (const run of pastRuns(stateDir, env)) own.set(run.id, run)
  const kept = runs.map((ledger): KnownRun => {
    const summary = own.get(ledger.id)
    return { id: ledger.id, ledger, here: summary !== undefined, summary: merged(ledger, summary) }
  })
  const first = runs[0]?.id
  const others = [...own.values()]
    .filter(({ id }) => !runs.some((one) => one.id === id))
    .map((summary): KnownRun => ({ id: summary.id, summary, here: true }))
    .sort((a, b) => byTime(a.id, b.id))
  // What changed something and is not in the ledger is older than it.
  const older = (run: KnownRun) =>
    run.summary.changedState || (first !== undefined && byTime(run.id, first) < 0)
  return inserted(
    others.filter((run) => !older(run)),
    [...others.filter(older), ...kept],
  )
}

/** Runs of which the ledger knows nothing changed nothing: they stand where the clock puts them. */
const inserted = (others: readonly KnownRun[], all: readonly KnownRun[]): KnownRun[] => {
  const result = [...all]
  for (const run of others) {
    const at = result.findIndex(({ id }) => byTime(run.id, id) < 0)
    result.splice(at < 0 ? result.length : at, 0, run)
  }
  return result
}

/**
 * Where the transcript here is not all that was written of it, the run went on elsewhere; where it is not as it was written,
 * the ledger’s word counts.
 */
const merged = (ledger: LedgerRun, own: RunSummary | undefined): RunSummary => {
  const state = stateInLedger(ledger)
  const { started, ended, revision } = state
  const told: RunSummary = {
    id: ledger.id,
    ...(started && { started }),
    ...(ended && { ended }),
    revision,
    begun: true,
    changedState: ledger.steps.length > 0,
    seq: ledger.seq,
  }
  if (!own || isAltered(own, ledger)) return told
  if (ledger.seq <= own.seq) return own
  const { ended: _, ...before } = own
  return {
    ...before,
    ...(ended && { ended }),
    changedState: own.changedState || told.changedState,
    seq: told.seq,
  }
}

const isAltered = ({ altered, seq, hash }: RunSummary, { anchors }: LedgerRun): boolean =>
  altered === true || (anchors.has(seq) && anchors.get(seq) !== hash)

/** The latest that changed a state and is not itself a part of another. */
export const changesIn = (history: readonly KnownRun[]): KnownRun[] =>
  history.filter(({ summary, ledger }) => summary.changedState && !ledger?.opened.within)

/** Those that began something, be it a restart only, and are not themselves a part of another. */
export const begunIn = (history: readonly KnownRun[]): KnownRun[] =>
  history.filter(
    ({ summary, ledger }) => (ledger !== undefined || summary.changedState) && !ledger?.opened.within,
  )

/** The latest of them. */
export const lastIn = (history: readonly KnownRun[]): KnownRun | undefined => begunIn(history).at(-1)

/** Whether a run rolled another back, or its own changes. */
export const rolledBack = ({ summary: { started, ended } }: KnownRun): boolean =>
  ended?.verdict === 'rolled-back' || (started?.command === 'rollback' && ended?.verdict === 'done')

/** What came after a run and changed something, but for what only rolled that run back, and for what was rolled back whole. */
export const laterThan = (history: readonly KnownRun[], { id }: Pick<KnownRun, 'id'>): KnownRun[] => {
  const at = history.findIndex((run) => run.id === id)
  const later = changesIn(history.slice(at + 1)).filter(({ summary }) => summary.started?.takesBack !== id)
  const undone = new Set(
    later.flatMap((run) => (rolledBack(run) ? (run.summary.started?.takesBack ?? run.id) : [])),
  )
  return later.filter(({ id, summary }) => !undone.has(id) && !undone.has(summary.started?.takesBack ?? ''))
}

/**
 * The latest run of the book that changed something, unless what came last rolled it back; where the `database` is to go back too, a
 * rollback of the code alone has left something to do.
 */
export const toRollBack = (
  history: readonly KnownRun[],
  { database }: { database: boolean },
): KnownRun | undefined => {
  for (const run of changesIn(history).toReversed()) {
    const { takesBack, told } = run.summary.started ?? {}
    if (rolledBack(run))
      return database && takesBack && !told?.database ? history.find(({ id }) => id === takesBack) : undefined
    if (isForwards(run.summary.started?.command)) return run
  }
  return undefined
}

/** A run as it was read, with what its transcript is called by: the SHA-256 of its last line, in hex. */
export type Recalled = PastRun & { whole: boolean; flaws: readonly Flaw[]; last?: string }

/** A run with what is known of its steps: from the transcript, unless that was gone on with elsewhere. */
export const recall = async (stateDir: string, { id, ledger, here }: KnownRun): Promise<Recalled> => {
  if (here) {
    const { events, end, flaws } = await transcriptOf(stateDir, id, {
      outputs: false,
      ledger: ledger ?? null,
    })
    if (!ledger || end.seq >= ledger.seq)
      return { id, state: foldRun(events), whole: true, flaws, last: end.hash }
  }
  if (!ledger) throw new Error(`${id} is neither here nor in the ledger`)
  return { id, state: stateInLedger(ledger), whole: false, flaws: [] }
}

/** What the ledger knows of a run, as a transcript would have it. */
const stateInLedger = ({ id, opened, steps, backup, closed, holder }: LedgerRun): RunState => {
  const state = emptyRun()
  const { book, env, command, procedure, takesBack, reason, named, at } = opened
  const { operator, machine, pid } = holder
  const started: EventOf<'run-started'> = {
    type: 'run-started',
    ...{ run: id, book, env, command, operator, machine, pid, version: '', fingerprint: '' },
    ...(takesBack && { takesBack }),
    ...(reason && { reason }),
    ...((procedure || named) && {
      told: { ...(procedure && { procedure }), ...(named && { revision: named }) },
    }),
  }
  state.started = { ...started, at }
  if (closed) {
    const { verdict, exit, at: endedAt, waited, atLeast } = closed
    // What was written before it was written there.
    const ms = closed.ms ?? Math.max(0, Date.parse(endedAt) - Date.parse(at))
    state.ended = {
      ...{ type: 'run-ended', verdict, exit, ms, at: endedAt },
      ...(waited && { waited }),
      ...(atLeast && { atLeast }),
    }
  }
  for (const { title, sort, undo, observed, revision, ...step } of steps) {
    if (revision) state.revision = revision
    state.steps.set(step.id, {
      ...{ id: step.id, title, sort, undo, worked: [] },
      state: closed?.verdict === 'done' ? DONE : { is: 'in-doubt' },
      actions: new Map([['', { printed: '', ended: closed !== undefined, processes: [] }]]),
      ...(observed !== undefined && { observed }),
      ...(revision && { revision }),
    })
  }
  for (const left of closed?.leftOut ?? []) state.steps.set(left, leftOut(left))
  if (backup) state.steps.set(backup.step, backedUp(backup))
  const moved = moving(opened)
  if (!state.revision && moved) state.revision = moved
  return state
}
const DONE = { is: 'done', output: null, summary: '', ms: 0 } as const

const moving = ({ from, to }: LedgerRun['opened']): Revision | null =>
  from !== undefined && to !== undefined && from !== to ? { from, to } : null

const leftOut = (id: string): StepRecord => ({
  ...{ id, title: id, sort: 'follows', actions: new Map(), worked: [] },
  state: { is: 'skipped', why: OTHER_WAY, seen: '', output: null },
})

const backedUp = ({ step, path, sha256 }: LedgerBackup): StepRecord => ({
  ...{ id: step, title: step, sort: 'prepares', actions: new Map(), worked: [] },
  state: { is: 'done', output: { dump: path, ...(sha256 && { sha256 }) }, summary: '', ms: 0 },
})

/**
 * The latest run that changed something since the step was performed last, or else the run that performed it. `counts`: which steps
 * of a run are such a change; `own`: the run that asks. Of a run whose transcript is elsewhere the ledger tells whether it
 * came to its end, and so to the step.
 */
export const changedSince = async (
  stateDir: string,
  history: readonly KnownRun[],
  { step, counts, own }: { step: string; counts: (record: StepRecord) => boolean; own: string | undefined },
): Promise<{ run: string; title?: string } | { performedBy: KnownRun } | undefined> => {
  for (const known of history.toReversed()) {
    const { started, ended } = known.summary
    if (known.id === own || !started || !performing.includes(started.command)) continue
    if (known.here && !known.summary.begun) continue
    const { state, whole, flaws } = await recall(stateDir, known)
    // Nobody knows what it did: then it may have changed anything. One that only the ledger does not know says what it did.
    if (!areUnknown(changedLines(flaws))) return { run: known.id }
    const record = state.steps.get(step)
    if (record?.state.is === 'done' && record.actions.size > 0) return { performedBy: known }
    if (!whole && ended?.verdict === 'done') return undefined
    const change = [...state.steps.values()].find((one) => one.id !== step && counts(one))
    if (change) return { run: known.id, title: change.title }
    if (!whole) return { run: known.id }
  }
  return undefined
}
