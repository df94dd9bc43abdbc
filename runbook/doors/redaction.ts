import { isUtf8 } from 'node:buffer'
import { type ByteString, byteString, textOf } from '../model/byte-string.ts'
import type { Json } from '../model/json.ts'
import { type Found, Masks } from './masks.ts'
import { partsOf, SHORTEST } from './secret-parts.ts'
import { spellingsOf } from './spellings.ts'
import { urlPasswords } from './url-passwords.ts'

/** Takes secrets out of whatever leaves: the one place for terminal, transcript, report and error. */
export class Redactor {
  readonly #learned = new Set<string>()
  readonly #short = new Map<string, number>()
  readonly #ordinary = new Set<string>()
  readonly #masks = new Masks()

  /** Words that are said all the time, such as an environment's name: a part of a secret that is one is not masked. */
  spare(words: Iterable<string>): void {
    for (const word of words) this.#ordinary.add(word)
  }

  /** Learns a value, its parts, and every spelling in which they can come back. */
  learn(name: string, value: string): void {
    const key = `${name}\0${value}`
    if (this.#learned.has(key)) return
    this.#learned.add(key)
    const mask = `‹secret ${name}›`
    if ([...value.trim()].length < SHORTEST) this.#short.set(name, [...value.trim()].length)
    for (const { text, opaqueFrom } of partsOf(name, value)) {
      if (text !== value.trim() && this.#ordinary.has(text)) continue
      const from = opaqueFrom === undefined ? undefined : Buffer.byteLength(text.slice(0, opaqueFrom))
      this.#masks.add(text, mask, from)
      for (const spelling of spellingsOf(text)) {
        this.#masks.add(spelling, mask)
        // What stands on the line before is too little to be found.
        for (const cut of [1, 2]) this.#masks.add(spelling.slice(cut), mask)
      }
    }
  }

  /** Those that are too short to be looked for, with how many characters they have. */
  get tooShort(): ReadonlyMap<string, number> {
    return this.#short
  }

  text(text: string): string {
    if (this.#masks.isEmpty) return urlPasswords.overText(text)
    // What stands for a secret already is no text to look for one in.
    const masked = text.includes(MASK)
      ? text.split(MASKED).map((part) => (part.startsWith(MASK) ? part : this.#whole(part)))
      : [this.#whole(text)]
    return urlPasswords.overText(masked.join(''))
  }

  /** Every string inside a value, its keys too. */
  value<T>(value: T): T {
    return this.#walk(value as Json) as T
  }

  /**
   * For UTF-8 that comes in pieces: what could be the beginning of a secret, or of a character, waits for the next
   * piece.
   */
  stream(): { push(chunk: Uint8Array): ByteString; end(): ByteString } {
    let held: Uint8Array = new Uint8Array()
    return {
      push: (chunk) => {
        const bytes = held.length ? Buffer.concat([held, chunk]) : chunk
        const { done, rest } = this.#settled(bytes)
        held = bytes.subarray(rest)
        return isUtf8(bytes.subarray(0, rest)) ? done : mended(done)
      },
      end: () => {
        const last = Buffer.from(held)
        held = new Uint8Array()
        const text = byteString(last)
        return mended(urlPasswords.over(replaced(text, this.#found(last, text))))
      },
    }
  }

  /** The masked text, as far as nothing that may follow can change that, and where the rest begins. */
  #settled(bytes: Uint8Array): { done: ByteString; rest: number } {
    const text = byteString(bytes)
    const whole = text.length - cutCharacter(text).length
    const open = (from: number) =>
      Math.max(from, urlPasswords.openFrom(text, Math.min(this.#masks.openFrom(bytes, from), whole)))
    let rest = open(0)
    let done = ''
    let from = 0
    for (const { start, end, mask } of this.#masks.in(bytes, text)) {
      // A longer word could begin there.
      if (start >= rest) break
      done += text.slice(from, start) + mask
      from = end
      if (from > rest) rest = open(from)
    }
    const last = from === 0 && rest === text.length ? text : done + text.slice(from, rest)
    return { done: urlPasswords.over(last) as ByteString, rest }
  }

  #whole(text: string): string {
    const bytes = Buffer.from(text)
    const byString = byteString(bytes)
    const found = this.#found(bytes, byString)
    return found.length === 0 ? text : textOf(replaced(byString, found) as ByteString)
  }

  /** All that stand in there, and the beginning of one where the text was cut by whoever made it. */
  #found(bytes: Uint8Array, text: string): Found[] {
    const whole = [...this.#masks.in(bytes, text)]
    const ends = [bytes.length]
    for (let at = text.indexOf(DOTS); at !== -1; at = text.indexOf(DOTS, at + 1))
      ends.push(text[at - 1] === ' ' ? at - 1 : at)
    const cut = ends.flatMap((end) => this.#masks.cutAtEnd(bytes.subarray(0, end)) ?? [])
    const free = cut.filter((one) => whole.every(({ start, end }) => one.start >= end || one.end <= start))
    return [...whole, ...free].sort((a, b) => a.start - b.start)
  }

  #walk(value: Json): Json {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#walk(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item)]))
  }
}

const MASK = '‹secret '
const MASKED = /(‹secret [^›\n]{1,80}›)/
/** Three dots in one, as bytes. */
const DOTS = '\xe2\x80\xa6'

const replaced = (text: string, found: Iterable<Found>): string => {
  let done = ''
  let from = 0
  for (const { start, end, mask } of found) {
    if (start < from) continue
    done += text.slice(from, start) + mask
    from = end
  }
  return from === 0 ? text : done + text.slice(from)
}

/** The beginning of a UTF-8 character at the end of a byte string. */
const cutCharacter = (bytes: string): string =>
  /[\xc2-\xf4]$|[\xe0-\xf4][\x80-\xbf]$|[\xf0-\xf4][\x80-\xbf]{2}$/.exec(bytes.slice(-3))?.[0] ?? ''

/** What is no UTF-8 becomes the sign for that. */
const mended = (bytes: string): ByteString => byteString(Buffer.from(textOf(bytes as ByteString)))
