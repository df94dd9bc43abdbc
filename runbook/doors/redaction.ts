import { isUtf8 } from 'node:buffer'
import { type ByteString, byteString, textOf } from '../model/byte-string.ts'
import type { Json } from '../model/json.ts'
import { type Found, Masks } from './masks.ts'
import { LONG, partsOf } from './secret-parts.ts'
import { spellingsOf } from './spellings.ts'
import { urlPasswords } from './url-passwords.ts'

/** Takes secrets out of whatever leaves: the one place for terminal, transcript, report and error. */
export class Redactor {
  readonly #learned = new Set<string>()
  readonly #short = new Map<string, number>()
  readonly #ordinary = new Set<string>()
  readonly #masks = new Masks()
  /** What stands for secrets, as patterns; and all of it, by which a text is parted. */
  readonly #standing = new Set<string>()
  #masked: RegExp | undefined

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
    this.#masked = new RegExp(`(${[...this.#standing.add(escaped(mask))].join('|')})`)
    const { parts, short } = partsOf(name, value)
    for (const [what, length] of short) this.#short.set(what, length)
    for (const { text, opaqueFrom, spelled } of parts) {
      if (text !== value.trim() && this.#ordinary.has(text)) continue
      const from = opaqueFrom === undefined ? undefined : Buffer.byteLength(text.slice(0, opaqueFrom))
      this.#masks.add(text, mask, from)
      for (const spelling of spelled ? spellingsOf(text) : []) {
        this.#masks.add(spelling, mask)
        // What stands on the line before is too little to be found; what is short may be a word of something else.
        for (const rest of [spelling.slice(1), spelling.slice(2)])
          if (rest.length >= LONG && !this.#isSaid(rest)) this.#masks.add(rest, mask)
      }
    }
  }

  #isSaid(rest: string): boolean {
    return [...this.#ordinary].some((word) => word.includes(rest.replace(/^\W/, '')))
  }

  /** Those that are too short to be looked for, with how many characters they have. */
  get tooShort(): ReadonlyMap<string, number> {
    return this.#short
  }

  text(text: string): string {
    if (!this.#masked) return urlPasswords.overText(text)
    // What stands for a secret already is no text to look for one in.
    const parts = text.includes(MASK) ? text.split(this.#masked) : [text]
    return urlPasswords.overText(parts.map((part, i) => (i % 2 ? part : this.#whole(part))).join(''))
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
    const whole = this.#masks.in(bytes, text)
    const cut = this.#masks.cutIn(bytes, text)
    return [...whole, ...cut].sort((a, b) => a.start - b.start || b.end - a.end)
  }

  #walk(value: Json): Json {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#walk(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item)]))
  }
}

const MASK = '‹secret '
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

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
