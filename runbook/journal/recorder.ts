import type { Clock } from '../doors/clock.ts'
import type { Redactor } from '../doors/redaction.ts'
import type { Event, Happening } from '../model/event.ts'
import { type JournalFile, NOTHING_BEFORE } from './journal-file.ts'

export type Listener = (event: Event) => void

/**
 * The one way of everything that happens: redacted, then written, then shown. Without a file (a plan, `doctor`) it is
 * only shown.
 */
export class Recorder {
  #listeners: Listener[] = []
  #seq = 0

  constructor(
    private readonly redactor: Redactor,
    private readonly clock: Clock,
    private readonly file?: JournalFile,
  ) {}

  onEvent(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** `durable`: on the disk before this returns, because an effect follows. */
  record(happening: Happening, { durable = false } = {}): void {
    this.#append(this.redactor.value(happening), durable)
  }

  /** Of something that is shown without being an event, such as a plan. */
  redacted<T>(value: T): T {
    return this.redactor.value(value)
  }

  /** What a child prints: secrets are found also where two pieces meet. */
  output(step: string, action: string): Output {
    const streams = { out: this.redactor.stream(), err: this.redactor.stream() }
    const tell = (stream: 'out' | 'err', text: string): string => {
      if (text) this.#append({ type: 'output', step, action, stream, text }, false)
      return text
    }
    return {
      write: (stream, chunk) => tell(stream, streams[stream].push(chunk)),
      end: () => {
        for (const stream of ['out', 'err'] as const) tell(stream, streams[stream].end())
      },
    }
  }

  #append(happening: Happening, durable: boolean): void {
    const at = this.clock.now()
    const event =
      this.file?.append(happening, at, durable) ??
      ({ seq: this.#seq++, at: at.toISOString(), ...happening, prev: NOTHING_BEFORE } as Event)
    for (const listener of this.#listeners) listener(event)
  }
}

export interface Output {
  /** What was recorded of it. */
  write(stream: 'out' | 'err', chunk: Uint8Array): string
  end(): void
}
