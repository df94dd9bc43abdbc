import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type ByteString, byteString } from '../model/byte-string.ts'
import type { Event, EventOf, Happening } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import { jsonLine, jsonOfBytes } from '../model/unseen.ts'
import { OutputEvent } from './output-event.ts'

/** What the first line of a transcript has as `prev`. */
export const NOTHING_BEFORE = '0'.repeat(64)

export const hashOf = (line: string | Uint8Array): string => createHash('sha256').update(line).digest('hex')

/** The end of a transcript: the number of its last event, the hash of its last line, and whether that has its end. */
export interface JournalEnd {
  seq: number
  hash: string
  whole: boolean
  /** Bytes. */
  size: number
}
export const BEGINNING: JournalEnd = { seq: -1, hash: NOTHING_BEFORE, whole: true, size: 0 }

/** Appends events to a transcript. Nothing in it is ever rewritten. */
export class JournalFile {
  #fd: number | undefined
  #memory = Buffer.alloc(0)
  #ended = false

  /**
   * The file is made with its first line, so that a run which is refused at the door leaves nothing. `after`: what
   * stands in it already, of a run that goes on.
   */
  constructor(
    readonly path: string,
    private after: JournalEnd = BEGINNING,
  ) {}

  /** Where it ends now. */
  get end(): JournalEnd {
    return this.after
  }

  /** Writes one line. `durable`: it is on the disk when this returns. */
  append(happening: Happening, at: Date, durable: boolean): Event {
    const event = {
      seq: this.after.seq + 1,
      at: at.toISOString(),
      ...happening,
      prev: this.after.hash,
    } as Event
    const whole = happening.type === 'run-ended' ? { ...event, sum: hashOf(jsonLine(event)) } : event
    this.#write(Buffer.from(`${jsonLine(whole)}\n`), durable)
    this.#ended = happening.type === 'run-ended'
    return whole
  }

  /** The same for what a child printed. JSON leaves every byte beyond ASCII as it is, but for what a terminal obeys. */
  appendOutput(output: Omit<EventOf<'output'>, 'text'>, text: ByteString, at: Date): Event {
    const head = { seq: this.after.seq + 1, at: at.toISOString(), ...output }
    const { hash: prev } = this.after
    const opening = byteString(Buffer.from(JSON.stringify(head).slice(0, -1)))
    this.#write(this.#lineOf(`${opening},"text":${jsonOfBytes(text)},"prev":"${prev}"}\n`), false)
    return new OutputEvent(head, text, prev)
  }

  /** Its bytes, in the same memory for every line. */
  #lineOf(bytes: string): Buffer {
    if (this.#memory.length < bytes.length) this.#memory = Buffer.allocUnsafeSlow(bytes.length * 2)
    return this.#memory.subarray(0, this.#memory.write(bytes, 'latin1'))
  }

  #write(line: Buffer, durable: boolean): void {
    this.#telling(() => {
      // What was left behind does not come back.
      if (this.#ended) throw new Error('the run has ended')
      this.#fd ??= this.#open()
      writeWhole(this.#fd, line, durable)
    })
    const { seq, size } = this.after
    this.after = { seq: seq + 1, hash: hashOf(line.subarray(0, -1)), whole: true, size: size + line.length }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(): number {
    const folder = dirname(this.path)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const fd = openSync(this.path, APPEND, 0o600)
    if (fstatSync(fd).size !== this.after.size) throw new Error('another process has written to it meanwhile')
    // What a crash has cut is ended as a line of its own: nothing is taken out of a transcript.
    if (!this.after.whole) writeWhole(fd, LINE_END, false)
    for (const made of [folder, dirname(folder)]) syncFolder(made)
    return fd
  }

  /** A transcript that cannot be written stops the run before its next effect. */
  #telling<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new Failed({ kind: 'journal-failed', path: this.path, message: (error as Error).message })
    }
  }
}

const LINE_END = Buffer.from('\n')

/** 'a', but that no link is followed; where there are none (Windows) the flag is not either. */
const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants
const APPEND = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW

/** Of a line that does not fit on the disk nothing stays, so that the next one does not begin in the middle of it. */
const writeWhole = (fd: number, line: Buffer, durable: boolean): void => {
  const { size } = fstatSync(fd)
  try {
    for (let written = 0; written < line.length; ) written += writeSync(fd, line, written)
    if (durable) fsyncSync(fd)
  } catch (error) {
    try {
      ftruncateSync(fd, size)
    } catch {
      // Why it could not be written matters more.
    }
    throw error
  }
}

/** A new file survives a power cut only when its folder knows of it. */
const syncFolder = (path: string): void => {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
