import { skipSeam } from './seams.ts'

/** No word is shorter. Bytes. */
export const SHORTEST_WORD = 6
/** So many first bytes of a word have four of them that are sampled. */
export const SAMPLED = 7

interface Bytes {
  readonly bytes: Uint8Array
}

/**
 * Words by how they begin. A text is searched by every fourth byte: wherever a word stands, one of its first seven bytes
 * is such a one, with three behind it.
 */
export class Beginnings<Word extends Bytes> {
  /** For four bytes, by `sampleOf`: how many bytes of a word may stand before them, a bit for each of 0 to 3. */
  readonly samples = new Uint8Array(2 ** 17)
  /** For two bytes: whether a word may have its end of a line between them. */
  readonly splits = new Uint8Array(2 ** 16)
  /** Whether a word may begin with three bytes. */
  readonly #mayBegin = new Uint8Array(2 ** 15)
  readonly #byThree = new Map<number, Word[]>()
  readonly #byFirst = new Map<number, Word[]>()
  readonly #unsorted = new Set<Word[]>()

  add(word: Word): void {
    const { bytes } = word
    for (let before = 0; before < 4; before++) {
      FOUR_BYTES.set(bytes.subarray(before, before + 4))
      const last = before + 4 > bytes.length ? 256 : 1
      for (let any = 0; any < last; any++) {
        if (last > 1) FOUR_BYTES[3] = any
        this.samples[sampleOf(FOUR[0]!)]! |= 1 << before
      }
    }
    for (let at = 1; at < SAMPLED && at < bytes.length; at++) {
      this.splits[(bytes[at - 1]! << 8) | bytes[at]!] = 1
      // A space may have gone into the next line's indentation.
      const next = bytes.findIndex((byte, i) => i > at && byte !== 32 && byte !== 9)
      if (bytes[at] === 32 && next !== -1) this.splits[(bytes[at - 1]! << 8) | bytes[next]!] = 1
    }
    const [a, b, c] = bytes as unknown as [number, number, number]
    this.#mayBegin[hashOf(a, b, c)] = 1
    this.#insert(this.#byThree, (a << 16) | (b << 8) | c, word)
    this.#insert(this.#byFirst, a, word)
  }

  /** They are sorted when they are first asked for: a secret may bring ten thousands. */
  #insert(words: Map<number, Word[]>, key: number, word: Word): void {
    const there = words.get(key) ?? []
    if (there.push(word) === 1) words.set(key, there)
    else this.#unsorted.add(there)
  }

  /** Those that may begin there, the longest first. */
  at(bytes: Uint8Array, at: number): readonly Word[] {
    if (this.#unsorted.size) this.#sort()
    const a = bytes[at]!
    let letters = a
    let next = at
    for (let i = 1; i < 3; i++) {
      next += 1
      if (SEAMS[bytes[next]!]) {
        const seam = skipSeam(bytes, next)
        // No word ends its line so near its beginning.
        if (seam.endsLine) return NONE
        next = seam.open ? bytes.length : seam.end
      }
      if (next >= bytes.length) return this.#byFirst.get(a) ?? NONE
      letters = (letters << 8) | bytes[next]!
    }
    const mayBegin = this.#mayBegin[hashOf(a, (letters >> 8) & 255, letters & 255)]
    return mayBegin ? (this.#byThree.get(letters) ?? NONE) : NONE
  }

  #sort(): void {
    for (const words of this.#unsorted) words.sort((a, b) => b.bytes.length - a.bytes.length)
    this.#unsorted.clear()
  }

  /** From where on one may begin, or the end: what can be told without looking at the words. */
  nextAt(bytes: Uint8Array, from: number): number {
    const mayBegin = this.#mayBegin
    for (let at = from; at < bytes.length - 2; at++) {
      const b = bytes[at + 1]!
      const c = bytes[at + 2]!
      if (mayBegin[hashOf(bytes[at]!, b, c)] || SEAMS[b] || SEAMS[c]) return at
    }
    return Math.max(from, bytes.length - 2)
  }
}

const NONE: readonly never[] = []
const SEAMS = new Uint8Array(256)
for (const byte of [10, 13, 27, 92]) SEAMS[byte] = 1

const FOUR = new Int32Array(1)
const FOUR_BYTES = new Uint8Array(FOUR.buffer)
/** Knuth's multiplicative hash, of four bytes as the machine has them. */
export const sampleOf = (four: number): number => Math.imul(four, 0x9e3779b1) >>> 15

const hashOf = (a: number, b: number, c: number): number => ((c << 10) ^ (b << 5) ^ a) & 0x7fff
