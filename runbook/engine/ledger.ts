import { join } from 'node:path'
import { type LedgerFile, localLedgerFile, remoteLedgerFile } from '../doors/ledger-file.ts'
import { historyOf, type KnownRun } from '../journal/history.ts'
import { reads } from '../model/action.ts'
import { isElsewhere } from '../model/environment.ts'
import { Failed, type Failure } from '../model/failure.ts'
import { type LedgerContent, type LedgerLine, readLedger } from '../model/ledger.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** Where the environment's ledger is kept. */
export interface LedgerPlace {
  file: LedgerFile
  /** Whether other operators, on other machines, see it too; otherwise why not. */
  shared: boolean
  /** See `LedgerScope`. */
  prefix: string
}

const NAME = 'ledger.jsonl'

/**
 * The ledger of an environment: in the clone on its host, so that neither `git clean` nor a checkout touches it; where
 * there is no clone, in the folder that the book names, or beside the backups that are kept on the host. Where there is none
 * of these it is in the operator's state folder, and nobody else sees it.
 */
export class Ledger {
  #place: Promise<LedgerPlace> | undefined

  constructor(
    private readonly context: RunContext,
    private readonly stateDir: string,
  ) {}

  place(): Promise<LedgerPlace> {
    this.#place ??= this.#find().catch((error) => {
      this.#place = undefined
      throw error
    })
    return this.#place
  }

  /** What it says now. */
  async read(signal = this.context.signal): Promise<LedgerContent> {
    const { file, prefix } = await this.place()
    return readLedger(await file.read(signal), { env: this.context.env.name, prefix })
  }

  /** The runs of the environment, oldest first: its ledger’s, and those whose transcripts are here. */
  async history(): Promise<KnownRun[]> {
    return historyOf(this.stateDir, this.context.env.name, await this.read())
  }

  /** Appends a line, without the values of secrets; it is on the disk when this returns. */
  async append(line: LedgerLine, signal = this.context.signal): Promise<void> {
    const { file } = await this.place()
    await file.append(JSON.stringify(this.context.recorder.redacted(line)), signal)
  }

  async #find(): Promise<LedgerPlace> {
    const { env, doors } = this.context
    const host = isElsewhere(env) ? doors.host : undefined
    const at = (folder: string, prefix = '') => {
      const path = join(folder, NAME)
      return { file: host ? remoteLedgerFile(host, path) : localLedgerFile(path), shared: true, prefix }
    }
    if (env.ledger) return at(env.ledger)
    const { attempt } = lookOf(this.context, undefined)
    const git = await attempt(reads('git', 'rev-parse', '--absolute-git-dir', '--show-prefix'))
    if (git.ok) {
      const [folder = '', prefix] = git.value.split('\n')
      return at(join(folder, 'runbook'), prefix)
    }
    if (!hasNoClone(git.failure)) throw new Failed(git.failure)
    if (env.database?.backupsOnHost) return at(join(env.database.backupsOnHost, 'ledger'))
    return { file: localLedgerFile(join(this.stateDir, 'ledger', env.name, NAME)), shared: false, prefix: '' }
  }
}

/** Otherwise git could not be asked, such as in a clone of another user, and nothing is known of its ledger. */
const hasNoClone = (failure: Failure): boolean =>
  failure.kind === 'folder-missing' ||
  failure.kind === 'command-missing' ||
  (failure.kind === 'command-failed' && /not a git repository/.test(failure.tail))
