import { explain, Failed, failureOf } from '../../runbook/index.ts'
import type { WatchAct } from './asker.ts'
import type { Breach, Gauge } from './gauge.ts'

/** How many looks in a row may fail, as while pm2's daemon is updated. */
const UNSEEN = 3

/** A gauge that is looked at again and again: when its turn is, and whether it can be seen at all. */
export class Sight {
  /** Why it cannot be seen now. */
  unseen: string | undefined
  /** A look that goes on. */
  looking: Promise<void> | undefined
  /** Looked at since it was last judged. */
  fresh = false
  /** What it shows is another run's doing. */
  pardoned = false
  #due = 0
  #times = 0
  #remedy = ''
  /** What ended a look that is no failure of what is looked at. */
  #broken: { error: unknown } | undefined

  constructor(
    readonly gauge: Gauge,
    private readonly act: WatchAct,
  ) {}

  get due(): number {
    return this.looking ? Number.POSITIVE_INFINITY : this.#due
  }

  /** Never rejects. `at`: milliseconds since the watch began. */
  look(at: number): Promise<void> {
    this.#due = at + this.gauge.every
    this.looking = this.#look(at)
      .catch((error) => {
        this.#broken ??= { error }
      })
      .finally(() => {
        this.looking = undefined
        this.fresh = true
      })
    return this.looking
  }

  async #look(at: number): Promise<void> {
    try {
      await this.gauge.look(at)
      this.unseen = undefined
      this.#times = 0
    } catch (error) {
      this.act.signal.throwIfAborted()
      if (!(error instanceof Failed)) throw error
      const { sentence, remedy } = explain(failureOf(error))
      this.unseen = sentence
      this.#remedy = remedy
      this.#times += 1
    }
  }

  /** The limit that the latest look has passed. `last`: the watch is over; `atWork`: another run is. */
  async judge(last: boolean, atWork: boolean): Promise<Breach | undefined> {
    this.fresh = false
    if (this.#broken) throw this.#broken.error
    if (this.pardoned) {
      this.gauge.forgive()
      this.pardoned = atWork
      return undefined
    }
    if (this.#times < UNSEEN) return this.gauge.breach(last)
    return { fact: `${this.gauge.name} can be looked at`, seen: this.unseen!, remedy: this.#remedy }
  }

  amiss(): string[] {
    return [this.unseen, this.gauge.amiss()].filter((words) => words !== undefined)
  }
}
