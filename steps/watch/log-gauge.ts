import { type FileIdentity, fileIdentity, nameNow } from '../../checks/reading/file-identity.ts'
import { eachLine, excerpt, type LogPosition, nameOf } from '../../checks/reading/log-lines.ts'
import { beginningOf, type Look, quantity, type Sample, typed } from '../../runbook/index.ts'
import type { Breach, Gauge } from './gauge.ts'

/** How many lines of an error are shown: its stack. */
const SHOWN = 20
/** How long a log may be missing, as in the moment of a rotation. Milliseconds. */
const PATIENCE = 60_000

interface Log {
  position: LogPosition
  file: FileIdentity | undefined
  /** Since when it is not there. */
  missingSince?: number
}

export interface LogGaugeOptions {
  logs: readonly LogPosition[]
  every: number
  isError: (line: string) => boolean
  /** How many error lines are no breach. */
  limit: number
}

/** New lines of logs, and the errors among them. What was rotated is read to its end, and then the new file. */
export class LogGauge implements Gauge {
  readonly name = 'the log'
  readonly every: number
  #logs: Log[]
  #lines = 0
  #errors = 0
  #now = 0
  #forgiven = 0
  /** The first error that counts, and the lines behind it. */
  #first: string[] = []
  #news: string[] = []
  readonly #remarks = new Map<string, number>()

  constructor(
    private readonly at: Look,
    private readonly options: LogGaugeOptions,
  ) {
    this.every = options.every
    this.#logs = options.logs.map((position) => ({ position, file: undefined }))
  }

  async look(at: number): Promise<void> {
    this.#now = at
    this.#logs = await Promise.all(this.#logs.map((log) => this.#readOn(log, at)))
  }

  async #readOn({ position, file: before, missingSince }: Log, at: number): Promise<Log> {
    const { path } = position
    const name = nameOf(path)
    const file = await fileIdentity(this.at, path)
    let from = position
    if (before && file?.inode !== before.inode && missingSince === undefined) {
      const moved = await nameNow(this.at, path, before)
      if (moved) {
        await this.#read({ path: moved, from: position.from })
        this.#remark(`${name} was moved to ${nameOf(moved)}, which was read to its end`)
      } else this.#remark(`${name} was replaced: what was written to it last may have been missed`)
      from = { path, from: 0 }
    }
    if (!file) {
      if (missingSince === undefined) this.#news.push(`there is no file ${path}`)
      return { position: { path, from: 0 }, file, missingSince: missingSince ?? at }
    }
    const { next, rotated } = await this.#read(from)
    // Moved in this moment: rather a line twice than one that is missed.
    if ((await fileIdentity(this.at, path))?.inode !== file.inode) return { position: from, file }
    if (rotated)
      this.#remark(`${name} was emptied, or rotated before this watch, and read from its beginning`)
    return { position: next, file }
  }

  #read(from: LogPosition) {
    return eachLine(this.at, from, (line, ended) => {
      // A line that is still being written is judged when it is whole.
      if (!ended) return false
      this.#lines += 1
      const isError = this.options.isError(line)
      if (isError) this.#errors += 1
      if (isError && this.#news.length < 3) this.#news.push(`${nameOf(from.path)}: ${excerpt(line)}`)
      if ((isError || this.#first.length) && this.#first.length < SHOWN)
        this.#first.push(beginningOf(line, 300, ''))
      return false
    })
  }

  #remark(text: string): void {
    this.#remarks.set(text, (this.#remarks.get(text) ?? 0) + 1)
    if (this.#remarks.size > 5) this.#remarks.delete([...this.#remarks.keys()][0]!)
  }

  figures(): Sample {
    return { 'log lines': this.#lines, 'log errors': this.#errors }
  }

  told(): string[] {
    return [
      quantity(this.#errors, 'new error'),
      ...[...this.#remarks].map(([text, times]) => (times > 1 ? `${text} (${times} times)` : text)),
      ...this.#missing().map(({ position }) => `${nameOf(position.path)} is not there`),
    ]
  }

  amiss(): string | undefined {
    const news = this.#news.join('; ')
    this.#news = []
    return news || undefined
  }

  breach(last: boolean): Breach | undefined {
    const paths = this.options.logs.map(({ path }) => path)
    const errors = this.#errors - this.#forgiven
    if (errors > this.options.limit)
      return {
        fact: this.options.limit
          ? `the log has at most ${quantity(this.options.limit, 'new error')}`
          : 'the log has no new error',
        seen: `${quantity(errors, 'new error')}, the first: ${excerpt(this.#first[0] ?? '')}`,
        remedy: typed`tail -n 50 ${paths}`,
        tail: this.#first.join('\n'),
      }
    const missing = this.#missing().find(({ missingSince }) => last || this.#now - missingSince! >= PATIENCE)
    return missing
      ? {
          fact: 'the log can be read',
          seen: `there is no file ${missing.position.path}: errors would not be seen`,
          remedy: typed`ls -l ${missing.position.path}; where pm2 still writes to a file that was moved: pm2 reloadLogs`,
        }
      : undefined
  }

  forgive(): void {
    this.#forgiven = this.#errors
    this.#first = []
  }

  #missing(): Log[] {
    return this.#logs.filter(({ missingSince }) => missingSince !== undefined)
  }
}
