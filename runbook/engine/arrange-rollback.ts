import { basename, join } from 'node:path'
import { begunStates, isLeftOut, isOver, type StepRecord } from '../journal/fold.ts'
import type { PastRun } from '../journal/past-runs.ts'
import type { Actions } from '../model/action.ts'
import { type Entry, parallel, phase, sequence, stepsOf } from '../model/book.ts'
import { type Check, defineCheck, early, fails, holds } from '../model/check.ts'
import type { Environment } from '../model/environment.ts'
import { Failed, unmet } from '../model/failure.ts'
import type { RunPaths } from '../model/look.ts'
import { typed } from '../model/shell-word.ts'
import { defineStep, type Step } from '../model/step.ts'
import { type FrozenUndo, lossesText, nothingToUndo, type Reverse } from '../model/undo.ts'
import { stepsTaken } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { appliedAsBefore, appliedAsLeft } from './migration-ledgers.ts'
import { type Restoring, restoring } from './restoring.ts'
import { headOf } from './revisions-now.ts'

/** Which part of the database goes back with the code: what migrations made, or all of it, from the run's backup. */
export type DatabaseScope = 'schema' | 'restore' | undefined

/** A step that the transcript shows as begun, with its way back. */
type Begun = Omit<StepRecord, 'undo'> & { undo: FrozenUndo }
type Undoable = Omit<StepRecord, 'undo'> & { undo: Extract<FrozenUndo, { kind: 'reverse' }> }

export interface RollbackOptions {
  target: PastRun
  database: DatabaseScope
  /** The backup goes into the live database itself. */
  inPlace?: boolean
  /** Ids of irreversible steps that the operator goes on around. */
  around: readonly string[]
  paths: RunPaths
  /** What is checked out now. */
  head?: string | undefined
}

/**
 * Reads a transcript backwards into a book of its own: the state goes back, then what follows from it is done again,
 * then what should hold is verified. Only what the transcript shows as begun is taken back.
 */
export const arrangeRollback = (book: Arrangement, options: RollbackOptions): Arrangement => {
  const begun = begunIn(options.target)
  refuseIrreversible(begun, book, options)
  const backwards = begun.toReversed()
  const undone = (of: Reverse['of']) =>
    backwards
      .filter(isUndoable)
      .filter((record) => isOfDatabase(record, book) === (of === 'schema'))
      .map((record, i) => undoStep(record, book, { ...options, last: i === 0 }))
  const code = undone('code')
  const schema = options.database === 'schema' ? undone('schema') : []
  // Until the code goes back, the files are there that the program needs; what was changed later goes back before.
  const needing = schema.findLastIndex((step) => backwards.some((record) => needsFiles(record, step)))
  const taken = stepsTaken(book.entries, ({ id }) => isLeftOut(options.target.state, id))
  const follows = taken.filter(({ sort }) => sort === 'follows')
  const restores = options.database === 'restore' && changesDatabase(begun, book)
  const entries: Entry[] = [
    ...(restores
      ? withRestore(restoreOf(book, options), { code, follows, env: book.env })
      : withoutRestore({
          ...{ code, follows, schema: schema.slice(needing + 1) },
          first: schema.slice(0, needing + 1).map((step) => beforeCode(step, book, options, code.length > 0)),
        })),
    verifying(taken),
  ].filter((entry) => stepsOf(entry).length > 0)
  return { ...book, entries, steps: entries.flatMap(stepsOf) }
}

/** Everything that verifies: all of it is asked, and what does not hold is judged at the end, against what was before. */
export const verifying = (steps: readonly Step[]): Entry =>
  phase(
    'Verify',
    steps
      .filter(({ sort, lasting }) => sort === 'verifies' && !lasting)
      .map((step) => ({ ...step, advisory: 'what does not hold any more is named at the end' })),
  )

/**
 * The code goes back before an additive change of the schema does, because new code on an old schema is the outage; but for
 * what only the files of the new code can take back: decision 33.
 */
const withoutRestore = ({
  first,
  code,
  follows,
  schema,
}: Record<'first' | 'code' | 'follows' | 'schema', Step[]>): Entry[] => [
  phase('Take back the schema while its files are there', first),
  phase('Take back the code', code),
  phase('Do again what follows from it', follows),
  phase('Take back the schema', schema),
]

/** Whether it is a program that takes it back: that of a migration tool reads the files of the revision that made it. */
const needsFiles = ({ id, undo }: Begun, step: Step): boolean =>
  step.id === undoIdOf(id) &&
  undo.kind === 'reverse' &&
  Object.values(undo.actions).some(({ kind }) => kind === 'command')

/** A step that takes the schema back while the new code runs, and is there: what that means is said before the question. */
const beforeCode = (step: Step, book: Arrangement, { target }: RollbackOptions, goesBack: boolean): Step => {
  const { env } = book
  const again = typed`runbook rollback ${env.name} --run ${target.id}`
  const { revision } = target.state
  const filesAreThere = defineCheck({
    fact: `the code of ${revision?.to.slice(0, 7)} is there, with the files by which that is taken back`,
    remedy:
      typed`put it there, and what it locks: git -C ${env.app.dir} checkout --detach ${revision?.to.slice(0, 7) ?? ''}; then ` +
      `${again} --database=schema. Or restore the run's backup: ${again} --database=restore`,
    look: async (look) => {
      const head = await headOf(look)
      if (head === undefined) return holds('the folder of the application is no git clone')
      const short = `HEAD is ${head.slice(0, 7)}`
      // Whether it is anything else than before or after the run was looked at before.
      return head === revision?.from && head !== revision.to ? fails(short) : holds(short)
    },
  })
  return {
    ...step,
    before: (at) => [...(revision ? [early(filesAreThere)] : []), ...step.before(at)],
    dangers: () =>
      goesBack
        ? [
            {
              rule: 'schema-before-code',
              what: 'the schema goes back before the code',
              because: `a program takes it back that needs the files of ${target.state.revision?.to.slice(0, 7) ?? 'the new code'}; until it is restarted the application runs the new code on the old schema`,
              instead: `stop the application first; or bring the backup back, for which it is stopped: ${again} --database=restore`,
            },
          ]
        : [],
  }
}

/**
 * Between stop and start nobody is served, so that only the swap stands there. What takes long goes before it, while
 * the application runs: the backup is restored beside the live database, and beside that the old code is built. Either
 * fails with the application untouched. It is started on the old code whether the swap succeeds or not.
 */
const withRestore = (
  { bring, swaps, account }: Restoring,
  { code, follows, env }: { code: Step[]; follows: Step[]; env: Environment },
): Entry[] => {
  const first = follows.findIndex(({ stop }) => stop)
  const [prepared, started] = first < 0 ? [follows, []] : [follows.slice(0, first), follows.slice(first)]
  return [
    phase('Bring back code and data, beside what runs', [
      parallel([sequence([...code, ...prepared]), bring]),
    ]),
    phase('Put them in place', whileStopped(swaps, started, env)),
    phase('Account for it', [account]),
  ]
}

/** Stops what will be started again, the last to start first; it is started whether the work succeeds or not. */
export const whileStopped = (work: readonly Step[], started: readonly Step[], env: Environment): Step[] => {
  const pairs = started.map((step) => {
    const stop = step.stop && { ...step.stop({ env }), id: `stop-${step.id}`, halts: true }
    return { stop, start: stop ? { ...step, ...step.stopped?.(stop), regardless: true } : step }
  })
  const stops = pairs.flatMap(({ stop }) => (stop ? [stop] : []))
  return [...stops.toReversed(), ...work, ...pairs.map(({ start }) => start)]
}

/** The restore of the backup that the run itself made. */
const restoreOf = (book: Arrangement, { target, paths, inPlace = false }: RollbackOptions): Restoring => {
  const step = book.steps.find(({ restore }) => restore)
  const state = step && target.state.steps.get(step.id)?.state
  const output = isOver(state) ? (state.output as { dump?: string; sha256?: string }) : null
  // The folder of the backups may be elsewhere by now: the state directory can be copied to another machine.
  const from = output?.dump && {
    ...{ dump: join(paths.backups, basename(output.dump)), inPlace },
    ...(output.sha256 && { sha256: output.sha256 }),
  }
  const found = from && restoring(step, from)
  if (found) return found
  const seen = step
    ? 'it made none, or did not get to its end'
    : 'the book has no step that backs the database up'
  throw unmet(
    `the run ${target.id} has a backup`,
    seen,
    typed`list what there is: runbook backups ${book.env.name}; restore one: runbook restore ${book.env.name} <backup>`,
  )
}

/** What stays as it is although the run changed it, with the reason. */
export const staysAsItIs = (
  book: Arrangement,
  { target, database }: RollbackOptions,
): { title: string; because: string }[] => {
  const begun = begunIn(target)
  const restores = database === 'restore' && changesDatabase(begun, book)
  const stays = begun.flatMap((record) => {
    const { title, undo } = record
    if (restores && isOfDatabase(record, book)) return []
    if (undo.kind !== 'reverse') return [{ title, because: undo.because }]
    if (!isOfDatabase(record, book) || database === 'schema') return []
    return [
      {
        title,
        because: 'the database goes back only when asked for: --database=schema or --database=restore',
      },
    ]
  })
  return database && !changesDatabase(begun, book)
    ? [...stays, { title: 'The database', because: 'the run did not change it' }]
    : stays
}

/**
 * Whether it goes back with the database, and only where that is asked for: a migration of the book, whatever an older
 * transcript calls its undo, or what a migration of another book once was.
 */
const isOfDatabase = ({ id, undo }: Begun, { steps }: Arrangement): boolean =>
  (undo.kind === 'reverse' && undo.of === 'schema') ||
  steps.find((step) => step.id === id)?.role === 'migration'

/** What cannot be taken back by itself may be anything, and so a change of the database. */
const changesDatabase = (begun: readonly Begun[], book: Arrangement): boolean =>
  begun.some((record) => isOfDatabase(record, book) || record.undo.kind === 'forward-only')

const begunIn = ({ state }: PastRun): Begun[] =>
  begunStates(state).filter((record): record is Begun => record.undo !== undefined)

const isUndoable = (record: Begun): record is Undoable => record.undo.kind === 'reverse'

const refuseIrreversible = (
  begun: readonly Begun[],
  book: Arrangement,
  { around, database }: RollbackOptions,
): void => {
  const irreversible = begun.flatMap((record) => {
    const { id, title, undo } = record
    if (undo.kind !== 'forward-only' || around.includes(id)) return []
    if (database === 'restore' && isOfDatabase(record, book)) return []
    const remedy = `${undo.instead}; ${typed`or leave it as it is and go on around it: --around ${id}`}`
    return [{ fact: `"${title}" can be taken back`, seen: undo.because, remedy }]
  })
  if (irreversible.length) throw new Failed({ kind: 'before-unmet', unmet: irreversible })
}

const undoIdOf = (id: string): string => `undo-${id}`

/** A step that performs a recorded way back, with the proofs of the step whose way back it is. */
export const undoStep = (
  record: Undoable,
  book: Arrangement,
  {
    target,
    paths,
    head,
    last = false,
  }: Pick<RollbackOptions, 'target' | 'paths' | 'head'> & {
    /** It was the last of its kind, so that what it left must be there before anything is taken back. */
    last?: boolean
  },
): Step => {
  const { revision } = target.state
  const { of, actions, applied } = record.undo
  const step = book.steps.find(({ id }) => id === record.id)
  const known = { observed: record.observed, env: book.env, run: paths }
  const undo = step?.undo(isOver(record.state) ? { ...known, output: record.state.output } : known)
  const made = undo?.kind === 'reverse' ? undo : undefined
  const performed = wasPerformed(Object.keys(actions))
  const proofs = [
    ...(applied === undefined ? [] : [appliedAsBefore(applied, performed)]),
    ...(made?.after ?? []),
  ]
  const [first = performed, ...rest] = proofs
  const left = isOver(record.state) && record.state.is === 'done' ? record.state.applied : undefined
  const asLeft =
    applied === undefined || left === undefined
      ? []
      : [appliedAsLeft(applied, left)].map((check) => (last ? early(check) : check))
  return defineStep({
    id: undoIdOf(record.id),
    title: `Take back: ${record.title}`,
    about: 'Performs the way back that was recorded before the first effect of the step.',
    sort: 'state',
    ...(of === 'code' && revision && { revision: () => ({ from: head ?? revision.to, to: revision.from }) }),
    // Counted by the plan, and once more when it is about to be lost; both stand in the transcript.
    observe: async (at) => ({
      loses: (await made?.loses?.(at)) ?? [],
      unsettled: (await made?.settle?.isNeeded(at)) ?? false,
    }),
    loses: async ({ observed: { loses } }) => loses,
    uncounted: isOfDatabase(record, book) && made?.loses === undefined,
    // That it takes the database back is what it is there for.
    migrates: () => [],
    needs: () => made?.needs ?? [],
    before: ({ again }) => [
      // What an attempt that was cut off has taken back is gone already.
      ...(again ? [] : asLeft),
      ...(made?.before ?? []).map((check) => (check.early === false ? check : early(check))),
    ],
    actions: ({ observed: { unsettled }, again }): Actions => ({
      ...((unsettled || again) && made?.settle?.actions),
      ...actions,
    }),
    run: async (act) => {
      if (act.observed.unsettled || act.again) await made?.settle?.run(act)
      for (const name of Object.keys(actions)) await act.perform(name)
    },
    after: () => [first, ...rest],
    summary: ({ observed: { loses } }) => (made?.loses ? `lost: ${lossesText(loses)}` : ''),
    undo: () => nothingToUndo('deploy again'),
    ...(first.fact === PERFORMED && { doubt: 'what the way back changes, as the plan printed it' }),
  })
}

const PERFORMED = 'its way back was performed to the end'
/** All that is left to say where the book no longer has the step. */
const wasPerformed = (actions: readonly string[]): Check =>
  defineCheck({
    fact: PERFORMED,
    remedy: 'look at the last lines of the transcript',
    look: async ({ performed }) => {
      const missing = actions.filter((name) => performed(name) === undefined)
      return missing.length ? fails(`not performed: ${missing.join(', ')}`) : holds(actions.join(', '))
    },
  })
