/** Words that nobody may see, each with what stands for it. */
export class Masks {
  #masks = new Map<string, string>()
  #pattern: RegExp | undefined
  /** The words by their first character. */
  #beginnings = new Map<string, string[]>()
  #longest = 0

  /** Adds words with their masks; of one that is known the first mask stays. */
  add(masks: Iterable<readonly [word: string, mask: string]>): void {
    for (const [word, mask] of masks) if (!this.#masks.has(word)) this.#masks.set(word, mask)
    const longestFirst = [...this.#masks.keys()].sort((a, b) => b.length - a.length)
    this.#longest = longestFirst[0]?.length ?? 0
    this.#beginnings = new Map()
    for (const word of longestFirst)
      this.#beginnings.set(word[0]!, [...(this.#beginnings.get(word[0]!) ?? []), word])
    this.#pattern = longestFirst.length
      ? new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g')
      : undefined
  }

  get isEmpty(): boolean {
    return this.#masks.size === 0
  }

  over(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, (word) => this.#masks.get(word)!) : text
  }

  /** The masked text, as far as nothing that may follow can change that, and the rest as it is. */
  settled(text: string): { done: string; rest: string } {
    if (!this.#pattern) return { done: text, rest: '' }
    let done = ''
    let from = 0
    let open = this.#openFrom(text, 0)
    for (const { 0: word, index } of text.matchAll(this.#pattern)) {
      // A longer word could begin there.
      if (index >= open) break
      done += text.slice(from, index) + this.#masks.get(word)
      from = index + word.length
      if (from > open) open = this.#openFrom(text, from)
    }
    return { done: done + text.slice(from, open), rest: text.slice(open) }
  }

  /** From where on the end of a text is the beginning of a word; where it is none, the end. */
  #openFrom(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.#longest + 1); at < text.length; at++) {
      const words = this.#beginnings.get(text[at]!)
      if (!words) continue
      const end = text.slice(at)
      if (words.some((word) => word.length > end.length && word.startsWith(end))) return at
    }
    return text.length
  }
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
