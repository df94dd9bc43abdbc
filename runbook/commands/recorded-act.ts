import { systemClock } from '../doors/clock.ts'
import { ownIdentity, whoRuns } from '../doors/process-identity.ts'
import { askOnTerminal } from '../doors/prompt.ts'
import { openContext } from '../engine/open-context.ts'
import type { RunContext } from '../engine/run-context.ts'
import { JournalFile } from '../journal/journal-file.ts'
import { runId, sessionName, stampOf } from '../journal/run-id.ts'
import { journalOf } from '../journal/runs.ts'
import type { Happening, ManualLock } from '../model/event.ts'
import { EXIT, exitOf } from '../model/exit.ts'
import { failureOf } from '../model/failure.ts'
import { jsonLine } from '../model/unseen.ts'
import { VERSION } from '../version.ts'
import type { Invocation } from './invocation.ts'
import type { OpenBook } from './open-book.ts'
import { prepareStateDir } from './prepare-state-dir.ts'

/** What is recorded before it is done. */
export interface Act {
  command: ManualLock
  /** Why, in the operator's words. */
  reason?: string
  /** What was found beforehand, and what was answered. */
  found: readonly Happening[]
}

/**
 * Does what changes an environment's locks, outside of a run: that it was done, when, by whom and why is in a transcript of
 * its own, on the disk before it is done. Where that cannot be written, nothing is done.
 */
export const recordedAct = async <T>(
  { command, reason, found }: Act,
  { arrangement: { book, env, steps, fingerprint }, bookFolder, stateDir }: OpenBook,
  { variables, cwd, signal, options, out }: Invocation,
  work: (context: RunContext) => Promise<T>,
): Promise<T> => {
  prepareStateDir(stateDir)
  const now = systemClock.now()
  const run = runId(now, env.name, command)
  const journal = new JournalFile(journalOf(stateDir, run))
  const { context, close } = openContext({
    ...{ env, steps, bookFolder, stateDir, variables, cwd, signal, journal },
    stamp: stampOf(now),
    name: sessionName(run),
    ask: askOnTerminal,
    answers: { yes: options.yes ?? false },
  })
  const { recorder } = context
  const began = systemClock.monotonic()
  const end = () => Math.round(systemClock.monotonic() - began)
  if (options.json) recorder.onEvent((event) => out(`${jsonLine(event)}\n`))
  try {
    recorder.record(
      {
        type: 'run-started',
        ...{ run, book: book.name, env: env.name, command, ...whoRuns(variables), pid: ownIdentity().pid },
        ...{ version: VERSION, fingerprint, ...(reason && { reason }) },
      },
      { durable: true },
    )
    for (const one of found) recorder.record(one, { durable: true })
    const result = await work(context)
    recorder.record({ type: 'run-ended', verdict: 'done', exit: EXIT.done, ms: end() }, { durable: true })
    return result
  } catch (error) {
    const failure = failureOf(signal.aborted ? signal.reason : error)
    if (failure.kind !== 'journal-failed')
      recorder.record(
        {
          type: 'run-ended',
          verdict: 'failed',
          exit: exitOf(failure, { changed: false }),
          ms: end(),
          failure,
        },
        { durable: true },
      )
    throw error
  } finally {
    await close()
    journal.close()
  }
}
