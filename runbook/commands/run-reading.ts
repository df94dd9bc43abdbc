import { relative } from 'node:path'
import { systemClock } from '../doors/clock.ts'
import type { Holder } from '../doors/lock-file.ts'
import { ownIdentity, whoRuns } from '../doors/process-identity.ts'
import { type Asker, askOnTerminal } from '../doors/prompt.ts'
import { LedgerKeeper } from '../engine/ledger-keeper.ts'
import { lockEnvironment } from '../engine/lock.ts'
import { notices } from '../engine/notify.ts'
import { openContext } from '../engine/open-context.ts'
import { demandRightTarget } from '../engine/right-target.ts'
import type { Answers, RunContext } from '../engine/run-context.ts'
import { shortSecrets } from '../engine/short-secrets.ts'
import { seeToEarlierSurvivors } from '../engine/survivors.ts'
import { withRun } from '../engine/with-run.ts'
import { expectedDurations } from '../journal/durations.ts'
import type { RunState } from '../journal/fold.ts'
import { type JournalEnd, JournalFile } from '../journal/journal-file.ts'
import { runId, sessionName, stampOf, stampOfRun } from '../journal/run-id.ts'
import { type Flaw, journalOf, listRuns } from '../journal/runs.ts'
import { type Command, isForwards, type Told } from '../model/event.ts'
import type { Ended } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import { jsonLine } from '../model/unseen.ts'
import { diagnosesOf } from '../plan/diagnoses-of.ts'
import { expectedPhases } from '../plan/expected-phases.ts'
import type { Arrangement } from '../plan/plan.ts'
import { LiveView } from '../render/live-view.ts'
import { outcomeText } from '../render/outcome-text.ts'
import { PlainView, type View } from '../render/view.ts'
import { visible } from '../render/visible.ts'
import { VERSION } from '../version.ts'
import type { Invocation } from './invocation.ts'
import type { OpenBook } from './open-book.ts'
import { prepareStateDir } from './prepare-state-dir.ts'

/** What a run's work is given. */
export interface Work {
  /** Its id. */
  run: string
  open: OpenBook
  arrangement: Arrangement
  context: RunContext
  usually: Map<string, number>
  runs: string[]
}

/** What is performed, and what the transcript says of it at its beginning. */
export interface Reading {
  arrangement: Arrangement
  takesBack?: string
  reason?: string
  told?: Told
}

/** A run that is gone on with: its transcript so far. */
export interface Unfinished {
  id: string
  state: RunState
  end: JournalEnd
  flaws: readonly Flaw[]
}

export interface RunCommand {
  /** Whether other runs of the environment are kept out. */
  locks: boolean
  /** The run that has locked the environment already, and in which this one is performed. */
  within?: string
  work(given: Work): Promise<void>
}

/** A run of a book: locked, recorded, drawn, and its end said. */
export const runReading = async (
  command: Command,
  invocation: Invocation,
  open: OpenBook,
  { arrangement, ...meant }: Reading,
  { locks, within, work }: RunCommand,
  unfinished?: Unfinished,
): Promise<Ended> => {
  const { stateDir, bookFolder } = open
  const { env, book } = arrangement
  const now = unfinished ? systemClock.now() : await secondOfItsOwn(stateDir, invocation.signal)
  // A procedure's runs bear its name.
  const label = command === 'run' ? arrangement.procedure! : command
  const run = unfinished?.id ?? runId(now, env.name, label)
  const who = whoRuns(invocation.variables)
  const holder: Holder = { run, ...who, ...ownIdentity(), since: now.toISOString() }
  prepareStateDir(stateDir)
  const { steps: usually, runs } = await expectedDurations(stateDir, env.name, label)
  const view = viewOf(invocation, arrangement, usually)
  const journal = new JournalFile(journalOf(stateDir, run), unfinished?.end)
  const { context, close } = openContext({
    book,
    env,
    steps: [...open.arrangement.steps, ...arrangement.steps],
    bookFolder,
    stateDir,
    stamp: stampOfRun(run),
    name: sessionName(run),
    variables: invocation.variables,
    cwd: invocation.cwd,
    ask: askOver(view),
    answers: answersOf(invocation),
    signal: invocation.signal,
    journal,
    ...(unfinished && { state: unfinished.state }),
  })
  // A rollback takes away what a diagnosis would find.
  if (isForwards(command) || command === 'verify') context.diagnoses = diagnosesOf(open.arrangement)
  const { openTo } = context.doors.secrets
  if (locks && openTo)
    invocation.say(invocation.paint.yellow(`! ${visible(openTo.what)}: ${visible(openTo.remedy)}\n`))
  context.recorder.onEvent((event) => view.event(event))
  if (invocation.options.json) context.recorder.onEvent((event) => invocation.out(`${jsonLine(event)}\n`))
  const keeper =
    (locks || within !== undefined) &&
    new LedgerKeeper(
      {
        ...{ id: run, book: book.name, command, holder, journal, resumed: unfinished !== undefined },
        ...(arrangement.procedure && { procedure: arrangement.procedure }),
        ...(meant.takesBack && { takesBack: meant.takesBack }),
        ...(meant.reason && { reason: meant.reason }),
        ...(within && { within }),
        backups: open.arrangement.steps.filter(({ role }) => role === 'backup'),
      },
      context,
    )
  if (keeper) context.keeper = keeper
  const began = systemClock.monotonic()
  const { operator, machine } = who
  const told = { ...meant.told, ...overridden(invocation.options) }
  const about = { run, command: label, operator, machine, ...(unfinished && { resumed: true as const }) }
  const telling = isTold(command, locks) ? notices(book, about, context) : undefined
  if (telling) context.begins = telling.begin
  const { fingerprint } = arrangement
  /** Why the ledger does not have the end of this run. */
  let unclosed: Failure | undefined
  const closeLedger = async (ended: Ended) => {
    unclosed = (keeper && (await keeper.close(ended))) || undefined
  }
  const triedAgain = ({ failure }: Ended) =>
    failure?.kind === 'locked' && invocation.options.wait !== undefined
  const said = async (ended: Ended) => {
    await view.end()
    if (triedAgain(ended)) return
    invocation.say(
      outcomeText(ended, {
        state: context.state,
        titles: new Map(arrangement.steps.map(({ id, title }) => [id, title])),
        transcript: relativeTo(invocation.cwd, journal.path),
        again: typed`runbook ${[
          ...(command === 'run'
            ? ['run', label, env.name]
            : [command, env.name, ...(invocation.argument ? [invocation.argument] : [])]),
          ...optionsThatMatter(invocation.options),
        ]}`,
        found: foundBy(invocation.options),
        ms: systemClock.monotonic() - began,
        contacts: book.contacts ?? [],
        paint: invocation.paint,
      }),
    )
  }
  try {
    const ended = await withRun(
      {
        ...{ run, book: book.name, env: env.name, command, ...who, pid: holder.pid },
        ...{ version: VERSION, fingerprint },
        ...meant,
        ...(Object.keys(told).length && { told }),
        ...(isForwards(command) && { phases: expectedPhases(arrangement.entries, usually) }),
        ...(unfinished && { resumed: true as const }),
      },
      context,
      async () => {
        await demandRightTarget(context)
        if (!locks) return { leave: closeLedger }
        const { leave, found = [] } = await lockEnvironment(book.name, holder, stateDir, context)
        try {
          const goesOn = keeper ? await keeper.enter() : []
          return {
            leave: (ended) => closeLedger(ended).finally(leave),
            found: [...found, ...goesOn],
          }
        } catch (error) {
          await leave()
          throw error
        }
      },
      async () => {
        if (locks) await seeToEarlierSurvivors(stateDir, context)
        const short = shortSecrets(context)
        if (short && !within) invocation.say(`${invocation.paint.yellow('⚠')} ${short}\n`)
        await work({ run, open, arrangement, context, usually, runs })
      },
      { ...(telling && { atEnd: telling.end }), said },
    )
    // Whoever waits tries again; what keeps it out is said there.
    if (triedAgain(ended)) throw new Failed(ended.failure!)
    if (unclosed) invocation.say(unclosedText(unclosed, run, env.name))
    return ended
  } finally {
    await close()
    journal.close()
  }
}

/** Who comes later finds the run as one that goes on. */
const unclosedText = (failure: Failure, run: string, env: string): string =>
  [
    `  the ledger  does not have the end of this run: ${visible(explain(failure).sentence)}`,
    typed`              when that is mended: runbook unlock ${env} --run ${run}`,
    '',
  ].join('\n')

/** The names of a run's files tell its second: of two runs that were begun in the same one the later would write over the dump of the earlier. */
const secondOfItsOwn = async (stateDir: string, signal: AbortSignal): Promise<Date> => {
  const now = systemClock.now()
  if (!listRuns(stateDir).some((run) => stampOfRun(run) === stampOf(now))) return now
  await systemClock.sleep(1000 - now.getMilliseconds(), signal)
  return systemClock.now()
}

/** Others are told of what changes an environment; of a rollback after a failure the run that failed tells. */
const isTold = (command: Command, locks: boolean): boolean =>
  locks && (isForwards(command) || command === 'rollback' || command === 'restore')

/** What an operator has said by name, of which the transcript tells although it did not come to count. */
const overridden = ({ allow, otherWay, onFailure, revision }: Invocation['options']): Told => ({
  ...(revision !== undefined && { revision }),
  ...(allow?.length && { allow }),
  ...(otherWay && { otherWay: true as const }),
  ...(onFailure && { onFailure }),
})

const answersOf = ({ options, canAsk }: Invocation): Answers => ({
  yes: options.yes ?? false,
  canAsk,
  ...(options.confirm !== undefined && { confirm: options.confirm }),
  ...(options.onFailure && { onFailure: options.onFailure }),
  ...(options.otherWay && { otherWay: true }),
  ...(options.allow && { allow: options.allow }),
})

/** Questions are asked where nothing is drawn. */
const askOver =
  (view: View): Asker =>
  async (question, signal) => {
    await view.pause()
    try {
      return await askOnTerminal(question, signal)
    } finally {
      view.resume()
    }
  }

/** A terminal gets the tree; everything else gets lines. */
const viewOf = (
  { canDraw, options, paint, say }: Invocation,
  arrangement: Arrangement,
  usually: Map<string, number>,
): View => {
  const plain = { paint, verbose: options.verbose ?? false, write: say }
  return canDraw
    ? new LiveView(arrangement, plain, usually)
    : new PlainView(arrangement, { ...plain, announce: true })
}

const relativeTo = (cwd: string, path: string): string => {
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}

/** The options without which it would be another rollback. */
const optionsThatMatter = ({ run, database, inPlace, from, revision }: Invocation['options']): string[] => [
  ...(revision === undefined ? [] : ['--revision', revision]),
  ...(run ? ['--run', run] : []),
  ...(database ? [`--database=${database}`] : []),
  ...(inPlace ? ['--in-place'] : []),
  ...(from ? ['--from', from] : []),
]

/** What the next command needs too, so that it finds the same book and the same transcripts. */
const foundBy = ({ config, stateDir }: Invocation['options']): string[] => [
  ...(config ? ['--config', config] : []),
  ...(stateDir ? ['--state-dir', stateDir] : []),
]
