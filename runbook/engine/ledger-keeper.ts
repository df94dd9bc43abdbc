import { isDeepStrictEqual } from 'node:util'
import { newNonce } from '../doors/ledger-file.ts'
import { startOf } from '../doors/process-identity.ts'
import { isLeftOut, isOver, type RunState } from '../journal/fold.ts'
import type { JournalFile } from '../journal/journal-file.ts'
import { type Command, type Happening, isForwards } from '../model/event.ts'
import { type Ended, EXIT } from '../model/exit.ts'
import { Failed, type Failure, failureOf, unmet } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import {
  changing,
  isOpen,
  type LedgerBackup,
  type LedgerContent,
  type LedgerLine,
  type LedgerRun,
  type RunHolder,
} from '../model/ledger.ts'
import type { Revision } from '../model/look.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import type { FrozenUndo } from '../model/undo.ts'
import { answeringRevision, headOf } from './revisions-now.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { schemaFingerprint } from './schema-fingerprint.ts'

/** What the ledger is told of a run at its beginning. */
export interface KeptRun {
  id: string
  book: string
  command: Command
  procedure?: string
  takesBack?: string
  reason?: string
  /** The run in which it is performed, and which has written itself down: the deployment whose failure it rolls back. */
  within?: string
  holder: RunHolder
  journal: JournalFile
  /** The steps that make backups. */
  backups: readonly Step[]
  /** It had begun before. */
  resumed: boolean
}

/** Whether the ledger shows who has changed the environment meanwhile, and who that was. */
export type Meanwhile = { shown: false } | { shown: true; by?: string }

/** How long the last look at the environment, and the last line, may take after an interrupt. Milliseconds. */
const AT_THE_END = 15_000

/** What a step had observed is left out of the ledger where it is longer. Characters. */
const MOST_OBSERVED = 32_000

/**
 * Writes a run down in the environment's ledger: one line before its first effect, one for each step that changes a state, one at its
 * end. The first line is the fence: of two runs that write themselves down at the same time, the later one does nothing.
 */
export class LedgerKeeper {
  /** Told when the run was confirmed. */
  revision: Revision | null = null
  /** The last line when it was last looked whether another run goes on. */
  #entered: LedgerLine | null | undefined
  #opened: Promise<void> | undefined
  #told = new Set<string>()

  constructor(
    private readonly run: KeptRun,
    private readonly context: RunContext,
  ) {}

  /**
   * Refuses while another run is written down as going on, unless its process is seen to be gone, or the database's lock, which this
   * run has, shows that nobody else performs one. Gives what was found, for the transcript.
   */
  async enter(): Promise<Happening[]> {
    const content = await this.context.ledger.read()
    this.#entered = content.lines.at(-1) ?? null
    const { lock } = this.context
    return this.#openRuns(content).map((other) => {
      const lives = isAlive(other, this.run.holder.machine)
      // A lock on another server says nothing of it.
      const { server = lock?.server } = other.holder
      const alone = lock !== undefined && server === lock.server
      if (lives ?? !alone) throw heldBy(other)
      return takenOver(other, alone)
    })
  }

  /** Before the first effect of a step, which is told by its undo. */
  async before(step: Step): Promise<void> {
    if (!changing.includes(this.run.command) || (step.sort !== 'state' && step.sort !== 'follows')) return
    this.#opened ??= this.#open().catch((error) => {
      // What could not be written may be written by the next try.
      this.#opened = undefined
      throw error
    })
    await this.#opened
    const record = this.context.state.steps.get(step.id)
    if (step.sort !== 'state' || !record?.undo || this.#told.has(step.id)) return
    const { observed, undo, title, revision } = record
    const told = {
      ...{ id: step.id, title, sort: step.sort, undo: withoutSchema(undo) },
      ...(revision && { revision }),
      ...(isSmall(observed) && { observed }),
    }
    await this.#append({ line: 'step', step: told, ...this.#end, ...this.#backup() })
    // Not before: where the line could not be written, the next try of the step writes it.
    this.#told.add(step.id)
  }

  /** At the end of the run, when its transcript has ended: what was seen of the environment. Says why it could not be written. */
  async close(ended: Ended): Promise<Failure | undefined> {
    try {
      if (!this.#opened && !(await this.#isOverWithoutEffect(ended))) return undefined
      await this.#opened
      const look = lookOf({ ...this.context, signal: AbortSignal.timeout(AT_THE_END) }, undefined)
      // What cannot be seen in time is left out; that the run has ended is written down all the same.
      const unseen = () => undefined
      const [head, answers, schema] = await Promise.all([
        headOf(look).catch(unseen),
        answeringRevision(look).catch(unseen),
        schemaFingerprint(look).catch(unseen),
      ])
      const { ms, waited, atLeast } = this.context.state.ended ?? {}
      const leftOut = [...this.context.state.steps.keys()].filter((id) => isLeftOut(this.context.state, id))
      await this.#append(
        {
          ...{ line: 'closed', verdict: ended.verdict, exit: ended.exit, ...this.#end },
          ...(ms !== undefined && { ms }),
          ...(waited && { waited }),
          ...(atLeast && { atLeast }),
          ...(head && { head }),
          ...(answers && { answers }),
          ...(schema && { schema }),
          ...(leftOut.length && { leftOut }),
          ...this.#backup(),
        },
        AbortSignal.timeout(AT_THE_END),
      )
      return undefined
    } catch (error) {
      return failureOf(error)
    }
  }

  /** Gone on with, and nothing was left to do: the ledger still has it as it was before. */
  async #isOverWithoutEffect({ exit }: Ended): Promise<boolean> {
    return this.run.resumed && exit === EXIT.done && (await this.#isKnown())
  }

  async #open(): Promise<void> {
    const { context, run } = this
    const nonce = newNonce()
    const transcript = run.journal.path
    // Within another run, which has looked.
    if (this.#entered === undefined) this.#entered = (await context.ledger.read()).lines.at(-1) ?? null
    if (run.resumed && (await this.#isKnown()))
      await this.#append({ line: 'resumed', ...this.#holder, transcript, nonce, ...this.#end })
    else {
      const look = lookOf(context, undefined)
      const [from, answers] = await Promise.all([headOf(look), answeringRevision(look)])
      const to = this.revision?.to ?? context.state.revision?.to
      const { prefix } = await context.ledger.place()
      const { book, command, procedure, takesBack, reason, within } = run
      const { revision: named } = context.env.app
      await this.#append({
        ...{ line: 'opened', book, env: context.env.name, prefix, command },
        ...(procedure && { procedure }),
        ...(from && { from }),
        ...(to && { to }),
        ...(isForwards(command) && named !== undefined && { named }),
        ...(answers && { answers }),
        ...(takesBack && { takesBack }),
        ...(reason && { reason }),
        ...(within && { within }),
        ...this.#holder,
        ...{ transcript, nonce },
        ...this.#backup(),
      })
    }
    await this.#demandFirst(nonce)
  }

  /** Which other run has written itself down since this one entered. */
  async meanwhile(): Promise<Meanwhile> {
    if (!(await this.context.ledger.place()).shared) return { shown: false }
    const other = this.#begunSince(await this.context.ledger.read())
    if (!other) return { shown: true }
    const { operator, machine, since } = other.holder
    return { shown: true, by: `run ${other.id} (${operator} on ${machine}, since ${since})` }
  }

  async #isKnown(): Promise<boolean> {
    return (await this.context.ledger.read()).runs.some(({ id }) => id === this.run.id)
  }

  /** Whoever wrote itself down since this run looked, and before it did, is the one that goes on. */
  async #demandFirst(nonce: string): Promise<void> {
    const content = await this.context.ledger.read()
    if (!content.lines.some((line) => 'nonce' in line && line.nonce === nonce))
      throw unmet(
        `the ledger of ${this.context.env.name} has what this run has written into it`,
        'its line is not there',
        typed`see whether its disk is full, and what else writes there: runbook doctor ${this.context.env.name}`,
      )
    const other = this.#begunSince(content, nonce)
    if (!other) return
    await this.#append({ line: 'withdrawn', nonce })
    throw heldBy(other)
  }

  /** Another run, or another that goes on with this one, in the lines since this run entered; up to its own one. */
  #begunSince({ lines, runs }: LedgerContent, nonce?: string): LedgerRun | undefined {
    const { id, within } = this.run
    const from = this.#entered ? lines.findLastIndex((line) => isDeepStrictEqual(line, this.#entered)) + 1 : 0
    const own = lines.findIndex((line) => 'nonce' in line && line.nonce === nonce)
    const withdrawn = new Set(lines.flatMap((line) => (line.line === 'withdrawn' ? [line.nonce] : [])))
    const began = new Set(
      lines
        .slice(from, own < 0 ? undefined : own)
        .flatMap((line) =>
          (line.line === 'opened' || line.line === 'resumed') && !withdrawn.has(line.nonce) ? [line.run] : [],
        ),
    )
    return runs.find(
      (run) =>
        began.has(run.id) &&
        run.id !== within &&
        run.opened.within !== id &&
        // Where nothing but its own lines is looked for, its own begin is no other's.
        (run.id !== id || nonce !== undefined),
    )
  }

  /** Whoever wrote itself down later has found what was open then to be over. */
  #openRuns({ runs }: LedgerContent): LedgerRun[] {
    const { id, within } = this.run
    const last = runs.findLast(({ opened }) => opened.within === undefined)
    return runs.filter(
      (run) =>
        isOpen(run) && run.id !== id && run.id !== within && (run === last || run.opened.within === last?.id),
    )
  }

  async #append(line: DistributiveOmit<LedgerLine, 'at' | 'run'>, signal?: AbortSignal): Promise<void> {
    const at = this.context.doors.clock.now().toISOString()
    await this.context.ledger.append({ at, run: this.run.id, ...line } as LedgerLine, signal)
  }

  get #holder(): RunHolder {
    const server = this.context.lock?.server
    return { ...this.run.holder, ...(server !== undefined && { server }) }
  }

  /** The last line of the transcript, which whoever can only change the transcript cannot change here. */
  get #end(): { seq: number; hash: string } {
    const { seq, hash } = this.run.journal.end
    return { seq, hash }
  }

  /** What this run has backed up so far. */
  #backup(): { backup?: LedgerBackup } {
    const { env, state } = this.context
    for (const step of this.run.backups) {
      const output = outputOf(state, step)
      if (!output?.dump) continue
      const onHost = env.database?.backupsOnHost !== undefined
      const { machine } = this.run.holder
      const sha256 = output.sha256
      return {
        backup: {
          ...{ step: step.id, path: output.dump, machine: onHost ? env.host : machine, onHost },
          ...(sha256 && { sha256 }),
        },
      }
    }
    return {}
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

const outputOf = ({ steps }: RunState, { id }: Step): { dump?: string; sha256?: string } | undefined => {
  const state = steps.get(id)?.state
  return isOver(state)
    ? ((state.output as { dump?: string; sha256?: string } | null) ?? undefined)
    : undefined
}

/** What takes a schema back is in the transcript alone: it may be long, and it is performed only from there. */
const withoutSchema = (undo: FrozenUndo): FrozenUndo =>
  undo.kind === 'reverse' && undo.of === 'schema' ? { ...undo, actions: {} } : undo

const isSmall = (observed: Json | undefined): observed is Json =>
  observed !== undefined && JSON.stringify(observed).length <= MOST_OBSERVED

/** Whether its process goes on; undefined where it is another machine's, and cannot be seen. */
export const isAlive = ({ holder }: { holder: RunHolder }, here: string): boolean | undefined =>
  holder.machine === here ? startOf(holder.pid) === holder.started : undefined

/** The run that is written down as going on keeps others out. */
export const heldBy = ({ id, opened, holder }: LedgerRun): Failed =>
  new Failed({
    kind: 'locked',
    env: opened.env,
    run: id,
    holder: `${holder.operator} on ${holder.machine}, pid ${holder.pid}`,
    since: holder.since,
    unlock: true,
  })

const takenOver = ({ id, opened, holder }: LedgerRun, alone: boolean): Happening => ({
  type: 'looked',
  side: 'needs',
  fact: `no other run goes on in ${opened.env}`,
  holds: true,
  seen: `${id} by ${holder.operator} on ${holder.machine} has not ended, and ${
    alone ? 'the database shows that nobody holds its lock' : `its process ${holder.pid} is gone`
  }`,
  ms: 0,
})
