import type { Clock } from '../doors/clock.ts'
import type { Redactor } from '../doors/redaction.ts'
import { type ByteString, textOf } from '../model/byte-string.ts'
import type { Event, EventOf, Happening } from '../model/event.ts'
import { type JournalFile, NOTHING_BEFORE } from './journal-file.ts'
import { OutputEvent } from './output-event.ts'

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

  /** Gives what ends it. */
  onEvent(listener: Listener): () => void {
    this.#listeners.push(listener)
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== listener)
    }
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
    let last = ''
    const tell = (stream: 'out' | 'err', text: ByteString): void => {
      if (!text) return
      last = ((text.length < KEPT ? last : '') + text).slice(-KEPT)
      this.#appendOutput({ type: 'output', step, action, stream }, text)
    }
    return {
      write: (stream, chunk) => tell(stream, streams[stream].push(chunk)),
      end: () => {
        for (const stream of ['out', 'err'] as const) tell(stream, streams[stream].end())
      },
      last: () => textOf(last as ByteString),
    }
  }

  #append(happening: Happening, durable: boolean): void {
    const at = this.clock.now()
    const event =
      this.file?.append(happening, at, durable) ??
      ({ seq: this.#seq++, at: at.toISOString(), ...happening, prev: NOTHING_BEFORE } as Event)
    this.#show(event)
  }

  #appendOutput(output: Omit<EventOf<'output'>, 'text'>, text: ByteString): void {
    const at = this.clock.now()
    const event =
      this.file?.appendOutput(output, text, at) ??
      new OutputEvent({ seq: this.#seq++, at: at.toISOString(), ...output }, text, NOTHING_BEFORE)
    this.#show(event)
  }

  #show(event: Event): void {
    for (const listener of this.#listeners) listener(event)
  }
}

export interface Output {
  write(stream: 'out' | 'err', chunk: Uint8Array): void
  end(): void
  /** The end of what was recorded, to explain a failure. */
  last(): string
}

/** How much of a child's output explains a failure. Bytes. */
const KEPT = 16_000
