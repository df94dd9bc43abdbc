import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { systemClock } from '../doors/clock.ts'
import { machineName, operatorName, startOf } from '../doors/process-identity.ts'
import { askOnTerminal } from '../doors/prompt.ts'
import { lockEnvironment } from '../engine/lock.ts'
import { openContext } from '../engine/open-context.ts'
import type { RunContext } from '../engine/run-context.ts'
import { withRun } from '../engine/with-run.ts'
import { expectedDurations } from '../journal/durations.ts'
import { JournalFile } from '../journal/journal-file.ts'
import { runId, stampOf } from '../journal/run-id.ts'
import { journalOf } from '../journal/runs.ts'
import type { Command } from '../model/event.ts'
import { EXIT } from '../model/exit.ts'
import { Failed } from '../model/failure.ts'
import type { Arrangement } from '../plan/plan.ts'
import { LiveView } from '../render/live-view.ts'
import { outcomeText } from '../render/outcome-text.ts'
import { PlainView, type View } from '../render/view.ts'
import { VERSION } from '../version.ts'
import type { Invocation } from './invocation.ts'
import { type OpenBook, openBook } from './open-book.ts'

/** What a run's work is given. */
export interface Work {
  arrangement: Arrangement
  stateDir: string
  context: RunContext
  usually: Map<string, number>
  runs: string[]
}

export interface RunCommand {
  /** Whether other runs of the environment are kept out. */
  locks: boolean
  /** Throws where the run must not begin; nothing has been written then. */
  mayStart?(arrangement: Arrangement): void
  /** Reads the book in another way than forwards. Undefined: there is nothing to do, and it has said so. */
  read?(open: OpenBook): Promise<Reading | undefined>
  work(given: Work): Promise<void>
}

/** What is performed, and what the transcript says of it at its beginning. */
export interface Reading {
  arrangement: Arrangement
  takesBack?: string
  reason?: string
}

/** The frame of every command that leaves a transcript: opens the book, locks, records, draws, says how it ended. */
export const runCommand = async (
  command: Command,
  invocation: Invocation,
  { locks, mayStart, read, work }: RunCommand,
): Promise<number> => {
  const open = await openBook(invocation)
  const { stateDir } = open
  mayStart?.(open.arrangement)
  const reading = read ? await read(open) : { arrangement: open.arrangement }
  if (!reading) return EXIT.done
  const { arrangement, ...about } = reading
  const { env, book } = arrangement
  const now = systemClock.now()
  const run = runId(now, env.name, command, randomBytes(2).toString('hex'))
  const operator = operatorName(invocation.variables)
  const holder = {
    run,
    operator,
    machine: machineName(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    since: now.toISOString(),
  }
  prepareStateDir(stateDir)
  const { steps: usually, runs } = await expectedDurations(stateDir, env.name, command)
  const view = viewOf(invocation, arrangement, usually)
  const journal = new JournalFile(journalOf(stateDir, run))
  const { options } = invocation
  const { context, close } = openContext({
    env,
    bookFolder: open.bookFolder,
    stateDir,
    stamp: stampOf(now),
    name: `runbook ${run}`,
    variables: invocation.variables,
    ask: async (question, signal) => {
      await view.pause()
      try {
        return await askOnTerminal(question, signal)
      } finally {
        view.resume()
      }
    },
    answers: {
      yes: options.yes ?? false,
      ...(options.confirm !== undefined && { confirm: options.confirm }),
    },
    signal: invocation.signal,
    journal,
  })
  context.recorder.onEvent((event) => view.event(event))
  if (options.json) context.recorder.onEvent((event) => invocation.out(`${JSON.stringify(event)}\n`))
  const began = systemClock.monotonic()
  try {
    const ended = await withRun(
      {
        run,
        book: book.name,
        env: env.name,
        command,
        operator,
        machine: holder.machine,
        pid: holder.pid,
        version: VERSION,
        fingerprint: arrangement.fingerprint,
        ...about,
      },
      context,
      () => (locks ? lockEnvironment(book.name, holder, stateDir, context) : Promise.resolve(async () => {})),
      () => work({ arrangement, stateDir, context, usually, runs }),
    )
    await view.end()
    invocation.say(
      outcomeText(ended, {
        state: context.state,
        titles: new Map(arrangement.steps.map(({ id, title }) => [id, title])),
        transcript: relativeTo(invocation.cwd, journal.path),
        again: `runbook ${command} ${env.name}`,
        ms: systemClock.monotonic() - began,
        paint: invocation.paint,
      }),
    )
    return ended.exit
  } finally {
    await close()
    journal.close()
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

/** Only its owner may look into it, and git passes it over. */
const prepareStateDir = (stateDir: string): void => {
  try {
    mkdirSync(join(stateDir, 'runs'), { recursive: true, mode: 0o700 })
    mkdirSync(join(stateDir, 'backups'), { recursive: true, mode: 0o700 })
    writeFileSync(join(stateDir, '.gitignore'), '*\n', { mode: 0o600 })
  } catch (error) {
    throw new Failed({ kind: 'journal-failed', path: stateDir, message: (error as Error).message })
  }
}

const relativeTo = (cwd: string, path: string): string => {
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}
