import { ownOutput } from '../doors/own-process.ts'
import {
  areUnknown,
  changedLines,
  type Flaw,
  flawsText,
  type Transcript,
  transcriptOf,
} from '../journal/runs.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import type { LedgerRun } from '../model/ledger.ts'
import { quantity } from '../model/quantity.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { looking } from './look-command.ts'
import { type OpenBook, openEach } from './open-book.ts'
import { UsageError } from './usage-error.ts'

/** A transcript that was held against all that can tell whether it is as it was written. */
export interface Held extends Transcript {
  /** What the environment's ledger says to it: 'the ledger of staging has the same last line'. */
  ledger: string
}

/** Reads a transcript, and holds it against the ledger of its environment; where that cannot be read, `ledger` says why. */
export const wholeTranscript = async (
  run: string,
  stateDir: string,
  invocation: Invocation,
  { outputs = true } = {},
): Promise<Held> => {
  const kept = await ledgerOf(run, invocation)
  const { ledger } = kept
  // A ledger that was asked, and does not know it, says something too.
  const transcript = await transcriptOf(stateDir, run, {
    outputs,
    ledger: kept.asked ? (ledger ?? null) : undefined,
  })
  const { flaws, end } = transcript
  const missing = ledger && ledger.seq > end.seq
  if (missing)
    flaws.push({
      line: end.seq + 2,
      what: `is missing: the environment’s ledger knows of ${ledger.seq + 1} lines`,
    })
  return {
    ...transcript,
    ledger: kept.says ?? (ledger ? saying(ledger, end, kept.env) : unknownTo(kept.env, flaws)),
  }
}

const saying = ({ anchors }: LedgerRun, end: Transcript['end'], env: string): string => {
  if (anchors.get(end.seq) === end.hash) return `the ledger of ${env} has the same last line`
  const last = Math.max(-1, ...anchors.keys())
  if (last < 0) return `the ledger of ${env} has no line of it: it was written by an older version`
  return last < end.seq
    ? `the ledger of ${env} has its line ${last + 1}; what came after that, only the transcript tells`
    : `the ledger of ${env} has other lines`
}

const unknownTo = (env: string, flaws: readonly Flaw[]): string =>
  flaws.some(({ unknown }) => unknown)
    ? `the ledger of ${env} does not know it, which has every run with an effect: it was lost, is younger than this run, or no run has written this`
    : `the ledger of ${env} does not know it: it changed nothing there`

/** `asked`: whether the ledger could be. */
type Kept = { env: string; asked: boolean; ledger?: LedgerRun; says?: string }

/** The environment's own word. A book that cannot be read, or a host that does not answer, keeps nobody from a transcript. */
const ledgerOf = async (run: string, invocation: Invocation): Promise<Kept> => {
  const unread = (why: string): Kept => ({
    env: '',
    asked: false,
    says: `not held against the environment’s ledger: ${why}`,
  })
  try {
    const open = environmentOf(run, await openEach(invocation))
    if (!open) return unread('the book has no such environment')
    const env = open.arrangement.env.name
    const { content, place } = await looking(
      open,
      invocation,
      async ({ ledger }) => ({ content: await ledger.read(), place: await ledger.place() }),
      { anyTarget: true },
    )
    const ledger = content.runs.find(({ id }) => id === run)
    if (!ledger) return { env, asked: true }
    const here = place.shared ? {} : { says: `its ledger is in the same folder, and proves no more` }
    return { env, asked: true, ledger, ...here }
  } catch (error) {
    invocation.signal.throwIfAborted()
    return unread(error instanceof UsageError ? error.message : explain(failureOf(error)).sentence)
  }
}

/** 'production-eu' is that environment, and no run of 'production'. */
const environmentOf = (run: string, all: readonly OpenBook[]): OpenBook | undefined =>
  all
    .filter(({ arrangement: { env } }) => run.includes(`Z-${env.name}-`))
    .sort((a, b) => b.arrangement.env.name.length - a.arrangement.env.name.length)[0]

/** What a transcript with these flaws is not. */
export const failing = (flaws: readonly Flaw[]): string =>
  areUnknown(flaws) ? 'known to the environment’s ledger' : 'as it was written'

/** For a page: whether the transcript is as it was written, and what tells that. */
export const sealOf = ({ flaws, end, ledger }: Held): string => {
  const changed = changedLines(flaws)
  return changed.length
    ? `The transcript is NOT ${failing(changed)}: ${flawsText(changed)}.`
    : `The transcript is as it was written: ${quantity(end.seq + 1, 'line')}, the last with SHA-256 ${end.hash}; ${ledger}.`
}

/** Says on standard error that a transcript is not as it was written. */
export const sayUnlessWhole = (run: string, { flaws }: Pick<Transcript, 'flaws'>): void => {
  const changed = changedLines(flaws)
  if (changed.length)
    ownOutput.err(`the transcript of ${run} is not ${failing(changed)}: ${visible(flawsText(changed))}\n`)
}
