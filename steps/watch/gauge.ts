import type { Sample } from '../../runbook/index.ts'

/** One thing that is watched: looked at again and again, it knows its figures and its limits. Its memory does not grow. */
export interface Gauge {
  /** What it is of, for a sentence: 'the database'. */
  readonly name: string
  /** Milliseconds from one look to the next. */
  readonly every: number
  /** The others' looks go on beside it, and it waits for none of them. */
  readonly paces?: boolean
  /** `at`: milliseconds since the watch began. */
  look(at: number): Promise<void>
  /** By name, as they are recorded. */
  figures(): Sample
  /** The same for a person: '1,198 requests', '0 failed'. */
  told(): string[]
  /** What was not well since this was last asked, although no limit may be passed yet. */
  amiss(): string | undefined
  /** The limit that is passed. `last`: the watch is over. */
  breach(last: boolean): Breach | undefined | Promise<Breach | undefined>
  /** Nothing up to now is held against it: another run was at work. */
  forgive(): void
}

/** A limit that does not hold. */
export interface Breach {
  fact: string
  seen: string
  remedy: string
  tail?: string
}
