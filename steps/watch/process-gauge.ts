import { type LogPosition, lastLinesSince } from '../../checks/reading/log-lines.ts'
import { type Instance, pm2Instances, stateOf } from '../../checks/reading/pm2-instances.ts'
import { bytes, type Look, quantity, type Sample, typed } from '../../runbook/index.ts'
import type { Breach, Gauge } from './gauge.ts'

export interface ProcessGaugeOptions {
  process: string
  every: number
  /** Its error logs, which explain a crash. */
  logs: readonly LogPosition[]
  /** How many restarts are no breach; how much memory one process may have, in bytes. */
  limits: { restarts: number; memory?: number | undefined }
}

/** A process under pm2: whether it runs, how often it was started again, and what it needs. */
export class ProcessGauge implements Gauge {
  readonly name: string
  readonly every: number
  #instances: readonly Instance[] | undefined
  #restarts = 0
  #forgiven = 0
  /** How many looks in a row have found it other than online. */
  #down = 0
  #news: string[] = []

  constructor(
    private readonly at: Look,
    private readonly options: ProcessGaugeOptions,
  ) {
    this.name = `the process ${options.process}`
    this.every = options.every
  }

  async look(): Promise<void> {
    const before = this.#instances
    const now = await pm2Instances(this.at, this.options.process)
    this.#instances = now
    const more = before ? startsBetween(before, now) : 0
    this.#restarts += more
    if (more) this.#news.push(`${this.options.process} was started again: ${stateOf(now)}`)
    this.#down = isUp(now) ? 0 : this.#down + 1
    if (this.#down === 1) this.#news.push(this.#state())
  }

  figures(): Sample {
    const instances = this.#instances ?? []
    const { process } = this.options
    return {
      [`restarts of ${process}`]: this.#restarts,
      [`online of ${process}`]: instances.filter(({ status }) => status === 'online').length,
      [`memory of ${process}`]: Math.max(0, ...instances.map(({ memory }) => memory)),
      [`cpu of ${process}`]: instances.reduce((sum, { cpu }) => sum + cpu, 0),
    }
  }

  told(): string[] {
    const memory = Math.max(0, ...(this.#instances ?? []).map(({ memory }) => memory))
    return [
      quantity(this.#restarts, 'restart'),
      ...(memory ? [bytes(memory)] : []),
      ...(this.#down ? [this.#state()] : []),
    ]
  }

  amiss(): string | undefined {
    const news = this.#news.splice(0).join('; ')
    return news || (this.#down ? this.#state() : undefined)
  }

  async breach(last: boolean): Promise<Breach | undefined> {
    const { process, limits } = this.options
    const remedy = typed`pm2 logs ${process} --err --lines 50`
    const restarts = this.#restarts - this.#forgiven
    const told = async (fact: string, seen: string): Promise<Breach> => {
      const tail = await lastLinesSince(this.at, this.options.logs)
      return { fact, seen, remedy, ...(tail && { tail }) }
    }
    if (restarts > limits.restarts)
      return told(
        limits.restarts
          ? `${process} is started again at most ${quantity(limits.restarts, 'time')}`
          : `${process} is not started again`,
        `${quantity(restarts, 'restart')}; ${this.#state()}`,
      )
    // Once may be the moment between two processes.
    if (this.#down > (last ? 0 : 1)) return told(`${process} runs`, this.#state())
    const most = Math.max(0, ...(this.#instances ?? []).map(({ memory }) => memory))
    if (limits.memory !== undefined && most > limits.memory)
      return told(`${process} needs at most ${bytes(limits.memory)}`, bytes(most))
    return undefined
  }

  forgive(): void {
    this.#forgiven = this.#restarts
    this.#down = 0
  }

  #state(): string {
    return `${this.options.process}: ${this.#instances?.length ? stateOf(this.#instances) : 'pm2 does not know it'}`
  }
}

const isUp = (instances: readonly Instance[]): boolean =>
  instances.length > 0 && instances.every(({ status }) => status === 'online')

/** pm2 counts a restart; who was deleted and started anew begins with none, and is another process. */
const startsBetween = (before: readonly Instance[], now: readonly Instance[]): number => {
  const sum = (instances: readonly Instance[]) => instances.reduce((all, { restarts }) => all + restarts, 0)
  const more = sum(now) - sum(before)
  if (more > 0) return more
  const known = new Set(before.map(({ pid }) => pid))
  const other = before.length > 0 && now.some(({ pid }) => pid !== 0 && !known.has(pid))
  return other && now.length <= before.length ? 1 : 0
}
