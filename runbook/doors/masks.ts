import { Beginnings, SAMPLED, SHORTEST_WORD, sampleOf } from './beginnings.ts'
import { skipSeam, squeezed } from './seams.ts'

/** A word that nobody may see. */
interface Word {
  /** Without what can come between its bytes. */
  readonly bytes: Uint8Array
  /** What stands for it; bytes as a string. */
  readonly mask: string
  /** From which byte on its beginning alone is secret. */
  readonly opaqueFrom: number
}

/** A word that stands in a text, and where. */
export interface Found {
  start: number
  end: number
  mask: string
}

/**
 * Finds words in bytes: whichever comes first, the longest of those that begin at one place; also where colours or ends of
 * lines come between its letters. Thousands of words cost hardly more than one.
 */
export class Masks {
  readonly #known = new Set<string>()
  readonly #beginnings = new Beginnings<Word>()
  #longest = 0

  /** Adds a word. `opaqueFrom`: from which byte on its beginning alone is secret; default: never. */
  add(word: string, mask: string, opaqueFrom = Number.POSITIVE_INFINITY): void {
    const bytes = squeezed(Buffer.from(word))
    if (bytes.length < SHORTEST_WORD) return
    const key = Buffer.from(bytes).toString('latin1')
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#longest = Math.max(this.#longest, bytes.length)
    this.#beginnings.add({ bytes, mask: Buffer.from(mask).toString('latin1'), opaqueFrom })
  }

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** All that stand in there, in order; none overlap. `text`: the same bytes as a string. */
  in(bytes: Uint8Array, text: string): Found[] {
    if (this.isEmpty || bytes.length < SHORTEST_WORD) return NOTHING
    const found: Found[] = []
    const across = this.#acrossSeams(bytes, text)
    let at = 0
    for (;;) {
      const straight = this.#next(bytes, at, across[0]?.start ?? bytes.length)
      const next = straight ?? across.shift()
      if (!next) return found
      found.push(next)
      at = next.end
      while (across.length && across[0]!.start < at) across.shift()
    }
  }

  /** From where on the end of a text could be the beginning of a word; where it is none, the end. */
  openFrom(bytes: Uint8Array, from: number): number {
    for (
      let at = this.#next3(bytes, this.#tail(bytes, from));
      at < bytes.length;
      at = this.#next3(bytes, at + 1)
    )
      for (const { bytes: word } of this.#beginnings.at(bytes, at))
        if (~match(word, bytes, at) === bytes.length) return at
    return bytes.length
  }

  /** The beginnings of words, where those alone are secret, at which whoever made the text has cut it: at its end, and before `…`. */
  cutIn(bytes: Uint8Array, text: string): Found[] {
    const found: Found[] = []
    const from = text.includes(DOTS) ? 0 : this.#tail(bytes, 0)
    for (let start = this.#next3(bytes, from); start < bytes.length; start = this.#next3(bytes, start + 1))
      for (const { bytes: word, mask, opaqueFrom } of this.#beginnings.at(bytes, start)) {
        if (opaqueFrom > bytes.length - start) continue
        const stopped = ~match(word, bytes, start)
        const end = stopped > start ? cutAt(text, stopped) : NOWHERE
        if (end - start < opaqueFrom) continue
        found.push({ start, end, mask })
        start = end - 1
        break
      }
    return found
  }

  #next3(bytes: Uint8Array, from: number): number {
    return this.#beginnings.nextAt(bytes, from)
  }

  /** Where the last bytes begin in which one could be cut. */
  #tail(bytes: Uint8Array, from: number): number {
    if (this.isEmpty) return bytes.length
    const coloured = Math.max(from, bytes.length - Math.min(COLOURED * this.#longest, MOST_COLOURS))
    if (bytes.subarray(coloured).includes(27)) return coloured
    const first = Math.max(from, bytes.length - MOST_COLOURS)
    let at = bytes.length
    // Without ends of lines, also as a string of a program has them, and what the next lines are indented by.
    for (let own = 0; own <= this.#longest && at > first; ) {
      at -= 1
      const byte = bytes[at]
      if (byte === 92) own -= 1
      else if (byte !== 10 && byte !== 13 && byte !== 32 && byte !== 9) own += 1
    }
    return at
  }

  /** The first that begins before `before`, and of which nothing comes between the first bytes. */
  #next(bytes: Uint8Array, from: number, before: number): Found | undefined {
    const first = (4 - (bytes.byteOffset & 3)) & 3
    const fours = new Int32Array(
      bytes.buffer,
      bytes.byteOffset + first,
      Math.max(0, (bytes.length - first) >> 2),
    )
    const { samples } = this.#beginnings
    const end = Math.min(fours.length, ((before + 3 - first) >> 2) + 1)
    for (let i = Math.max(0, (from - first) >> 2); i < end; i++) {
      // Eight at once, of which hardly ever one is a word's.
      while (
        i + 7 < end &&
        (samples[sampleOf(fours[i]!)]! |
          samples[sampleOf(fours[i + 1]!)]! |
          samples[sampleOf(fours[i + 2]!)]! |
          samples[sampleOf(fours[i + 3]!)]! |
          samples[sampleOf(fours[i + 4]!)]! |
          samples[sampleOf(fours[i + 5]!)]! |
          samples[sampleOf(fours[i + 6]!)]! |
          samples[sampleOf(fours[i + 7]!)]!) ===
          0
      )
        i += 8
      if (i >= end) break
      const sample = samples[sampleOf(fours[i]!)]!
      if (sample === 0) continue
      for (let ahead = 3; ahead >= 0; ahead--) {
        const start = first + 4 * i - ahead
        if ((sample & (1 << ahead)) === 0 || start < from || start >= before) continue
        const found = this.#at(bytes, start)
        if (found) return found
      }
    }
    // Of the last bytes not every word has four that are sampled.
    for (let start = Math.max(from, bytes.length - SAMPLED); start < before; start++) {
      const found = this.#at(bytes, start)
      if (found) return found
    }
    return undefined
  }

  #at(bytes: Uint8Array, start: number): Found | undefined {
    for (const { bytes: word, mask } of this.#beginnings.at(bytes, start)) {
      const end = match(word, bytes, start)
      if (end > start) return { start, end, mask }
    }
    return undefined
  }

  /** Those of which something comes between the first bytes already. */
  #acrossSeams(bytes: Uint8Array, text: string): Found[] {
    const found: Found[] = []
    const { splits } = this.#beginnings
    const look = (at: number, fewest: number) => {
      for (let before = Math.min(SAMPLED - 1, at); before >= fewest; before--) {
        const one = this.#at(bytes, at - before)
        if (one && !found.some(({ start }) => start === one.start)) found.push(one)
      }
    }
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      const end = bytes[at - 1] === 13 ? at - 1 : at
      let next = at + 1
      while (bytes[next] === 32 || bytes[next] === 9) next += 1
      const byte = bytes[next]!
      if (splits[(bytes[end - 1]! << 8) | byte] || byte < 32 || byte === 92) look(end, FEWEST)
    }
    for (let at = text.indexOf('\u001b'); at !== -1; at = text.indexOf('\u001b', at + 1)) look(at, 1)
    for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at + 1))
      if (text[at + 1] === 'n' || text[at + 1] === 'r') look(at, FEWEST)
    return found.sort((a, b) => a.start - b.start)
  }
}

const NOTHING: Found[] = []
/** How many bytes of a word stand on a line before it is taken for one that goes on in the next. */
const FEWEST = 3
/** How many times as long a word may be with a colour for each letter, and how much of it waits for the next piece. Bytes. */
const COLOURED = 16
const MOST_COLOURS = 65_536
/** Three dots in one, as bytes. */
const DOTS = '\xe2\x80\xa6'
const NOWHERE = -1

/** Where a text was cut, if a word stopped there because of that: the dots' own first bytes may be the word's too. */
const cutAt = (text: string, stopped: number): number => {
  if (stopped === text.length) return stopped
  if (text.startsWith(` ${DOTS}`, stopped)) return stopped
  const dots = [0, 1, 2].map((more) => stopped - more).find((at) => text.startsWith(DOTS, at))
  if (dots === undefined) return NOWHERE
  return text[dots - 1] === ' ' ? dots - 1 : dots
}

/** Where a word that begins at `start` ends; otherwise `~` of where it stopped, which is the text's end if it may go on. */
const match = (word: Uint8Array, bytes: Uint8Array, start: number): number => {
  let at = start
  for (let i = 0; i < word.length; i++) {
    const byte = bytes[at]
    if (i > 0 && (byte === 10 || byte === 13 || byte === 27 || byte === 92)) {
      const seam = skipSeam(bytes, at)
      if (seam.endsLine && i < FEWEST) return ~start
      if (seam.open) return ~bytes.length
      at = seam.end
      // Where a line ends, a space of the word may have gone into the next one's indentation, or have become its end.
      if (seam.endsLine) while (word[i] === 32 || word[i] === 9) i += 1
      if (i >= word.length) return at
    }
    if (bytes[at] !== word[i]) return ~at
    at += 1
  }
  return at
}
