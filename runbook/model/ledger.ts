import type { Catalogue } from './catalogue.ts'
import type { Command, ProcessIdentity, RunVerdict } from './event.ts'
import type { Json } from './json.ts'
import type { Revision } from './look.ts'
import type { Sort } from './step.ts'
import type { FrozenUndo } from './undo.ts'
import type { WhoElse } from './who.ts'

/** Commands that change an environment, and stand in its ledger before their first effect; a pruning or a backup changes only what is kept. */
export const changing: readonly Command[] = ['deploy', 'run', 'rollback', 'restore']

/** Who performs a run, and by which process of which machine. */
export type RunHolder = ProcessIdentity & {
  operator: string
  machine: string
  /** Of a lock on a database: the server that it is on, by its system identifier. */
  server?: string
} & WhoElse

/** A step that changes a state, written down before its first effect. */
export type LedgerStep = {
  id: string
  title: string
  sort: Sort
  /** Of the code with its actions; of a schema without them, because only the transcript has these. */
  undo: FrozenUndo
  /** Of a step that moves the code. */
  revision?: Revision
  /** What it had observed, from which the proofs of its undo are made; absent where that is large. */
  observed?: Json
}

/** A backup that a run has made, and where that is. */
export type LedgerBackup = {
  /** The step that made it. */
  step: string
  path: string
  /** The machine on which it is. */
  machine: string
  /** Kept on the environment's host, where every operator reaches it. */
  onHost: boolean
  sha256?: string
}

/** PostgreSQL's catalogue in one number; `objects`: each object's own, where there are few. */
export type SchemaFingerprint = { sum: string; objects?: Catalogue }

/** A line of the ledger. The order of the lines is the order of what happened, whatever the clocks say. */
export type LedgerLine = { at: string; run: string } & (
  | ({
      line: 'opened'
      book: string
      env: string
      prefix: string
      command: Command
      procedure?: string
      /** HEAD when it began, where there is a clone; and the revision that it deploys. Full commit ids. */
      from?: string
      to?: string
      /** The tag or commit that was to be deployed, as it was named. */
      named?: string
      /** The revision that the application answered with when it began. */
      answers?: string
      /** Of a rollback: the run that it rolls back, and why. */
      takesBack?: string
      reason?: string
      /** Begun by this run, which goes on meanwhile: the rollback of a deployment that has failed. */
      within?: string
      /** On the machine of its operator; absolute. */
      transcript: string
      backup?: LedgerBackup
      /** Tells two lines apart that are written at the same moment. */
      nonce: string
    } & RunHolder)
  /** `seq`, `hash`: the last line of its transcript then. Ledgers of before have no hash here. */
  | { line: 'step'; step: LedgerStep; backup?: LedgerBackup; seq: number; hash?: string }
  | ({ line: 'resumed'; transcript: string; seq: number; hash?: string; nonce: string } & RunHolder)
  /** It found that another run had been written down before it, and did nothing. */
  | { line: 'withdrawn'; nonce: string }
  | {
      line: 'closed'
      verdict: RunVerdict
      exit: number
      /** As the last line of its transcript has them. */
      ms?: number
      waited?: number
      atLeast?: true
      /** What was seen at its end; absent where it could not be looked at. */
      head?: string
      answers?: string
      schema?: SchemaFingerprint
      /** Steps of a way that was not taken. */
      leftOut?: string[]
      backup?: LedgerBackup
      /** The last line of its transcript: its number, and its SHA-256. */
      seq: number
      hash: string
    }
  /** Somebody has said that nobody performs it any more. */
  | ({ line: 'released'; operator: string; machine: string } & WhoElse)
)

/** A run as the ledger tells it. */
export interface LedgerRun {
  id: string
  opened: Extract<LedgerLine, { line: 'opened' }>
  /** Who holds it, or held it last. */
  holder: RunHolder & { since: string; transcript: string }
  steps: LedgerStep[]
  backup?: LedgerBackup
  closed?: Extract<LedgerLine, { line: 'closed' }>
  released?: Extract<LedgerLine, { line: 'released' }>
  /** The highest number of an event of its transcript that the ledger knows of. */
  seq: number
  /** Of some events of its transcript, by their number: the SHA-256 of the line. */
  anchors: Map<number, string>
}

/** What a ledger says. */
export interface LedgerContent {
  /** In the order in which they began. */
  runs: LedgerRun[]
  lines: LedgerLine[]
  /** Lines that cannot be read, and those of a run of which no line tells how it began; counted from 1. */
  damaged: number[]
}

/** Whether it has been begun, and neither ended nor was released. */
export const isOpen = ({ closed, released }: LedgerRun): boolean => !closed && !released

/** What a line is of, where several environments or applications share a clone. */
export interface LedgerScope {
  env: string
  /** The application's folder within its clone: empty, or with a slash at its end. */
  prefix: string
}

/** Reads the lines; those of others are passed over. Of a ledger that is not `whole` the beginning was not read. */
export const readLedger = (
  { text, whole }: { text: string; whole: boolean },
  { env, prefix }: LedgerScope,
): LedgerContent => {
  const lines: LedgerLine[] = []
  const damaged: number[] = []
  const opened = new Set<string>()
  for (const [i, one] of text.split('\n').entries()) {
    if (one.trim() === '') continue
    const line = parse(one)
    if (line) lines.push(line)
    if (line?.line === 'opened') opened.add(line.run)
    else if (!line || (whole && !opened.has(line.run))) damaged.push(i + 1)
  }
  const withdrawn = new Set(lines.flatMap((one) => (one.line === 'withdrawn' ? [one.nonce] : [])))
  const runs = new Map<string, LedgerRun>()
  for (const line of lines) if (!('nonce' in line && withdrawn.has(line.nonce))) take(line, runs)
  const ours = [...runs.values()].filter(({ opened }) => opened.env === env && opened.prefix === prefix)
  return { runs: ours, lines, damaged }
}

const take = (line: LedgerLine, runs: Map<string, LedgerRun>): void => {
  const run = runs.get(line.run)
  if (line.line === 'opened') {
    const { backup } = line
    const holder = holderIn(line)
    runs.set(line.run, {
      id: line.run,
      opened: line,
      holder,
      steps: [],
      seq: 0,
      anchors: new Map(),
      ...(backup && { backup }),
    })
    return
  }
  if (!run) return
  if ('seq' in line) {
    run.seq = Math.max(run.seq, line.seq)
    if (line.hash) run.anchors.set(line.seq, line.hash)
  }
  if ('backup' in line && line.backup) run.backup = line.backup
  switch (line.line) {
    case 'step':
      run.steps = [...run.steps.filter(({ id }) => id !== line.step.id), line.step]
      return
    case 'resumed':
      run.holder = holderIn(line)
      delete run.closed
      delete run.released
      return
    case 'closed':
      run.closed = line
      return
    case 'released':
      run.released = line
      return
    case 'withdrawn':
      return
  }
}

const holderIn = ({
  operator,
  machine,
  pid,
  started,
  server,
  transcript,
  at: since,
}: Extract<LedgerLine, { line: 'opened' | 'resumed' }>): LedgerRun['holder'] => ({
  ...{ operator, machine, pid, started, transcript, since },
  ...(server && { server }),
})

const parse = (text: string): LedgerLine | undefined => {
  try {
    const value = JSON.parse(text)
    const known = [value?.line, value?.run, value?.at].every((each) => typeof each === 'string')
    return known ? value : undefined
  } catch {
    return undefined
  }
}
