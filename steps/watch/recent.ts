/** How far back counts, and in pieces of which length it is forgotten. Milliseconds. */
const LATELY = 60_000
const PIECE = 5_000
/** One that is bad, or two, are bad luck. */
const FEWEST = 3

/** How many of the last minute's were bad. */
export class Recent {
  #pieces: { since: number; all: number; bad: number }[] = []

  /** `at`: milliseconds; they only grow. */
  count(at: number, bad: boolean): void {
    const last = this.#pieces.at(-1)
    const piece = last && at - last.since < PIECE ? last : { since: at, all: 0, bad: 0 }
    if (piece !== last) this.#pieces.push(piece)
    piece.all += 1
    if (bad) piece.bad += 1
    this.#pieces = this.#pieces.filter(({ since }) => at - since < LATELY)
  }

  get all(): number {
    return this.#pieces.reduce((sum, { all }) => sum + all, 0)
  }

  get bad(): number {
    return this.#pieces.reduce((sum, { bad }) => sum + bad, 0)
  }

  /** Whether more than this share of them was bad, and more than by bad luck. */
  isOver(share: number): boolean {
    return this.bad >= FEWEST && this.bad > share * this.all
  }

  forget(): void {
    this.#pieces = []
  }
}
