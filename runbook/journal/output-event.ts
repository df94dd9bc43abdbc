import { type ByteString, textOf } from '../model/byte-string.ts'
import type { EventOf } from '../model/event.ts'

type Head = Omit<EventOf<'output'>, 'text'> & { seq: number; at: string }

/** An event of output, whose text is made when somebody reads it: of most of it nobody does. */
export class OutputEvent {
  readonly seq: number
  readonly at: string
  readonly type = 'output'
  readonly step: string
  readonly action: string
  readonly stream: 'out' | 'err'

  constructor(
    { seq, at, step, action, stream }: Head,
    private readonly bytes: ByteString,
    readonly prev: string,
  ) {
    this.seq = seq
    this.at = at
    this.step = step
    this.action = action
    this.stream = stream
  }

  get text(): string {
    return textOf(this.bytes)
  }

  /** As the line of the transcript has it, its order too. */
  toJSON() {
    const { bytes, prev, ...head } = this
    return { ...head, text: this.text, prev }
  }
}
