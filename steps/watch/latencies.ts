/** Each bucket ends 5 % above the one before, the last at four minutes: a percentile is at most so much too high. */
const GROWTH = 1.05
const BUCKETS = 256

/** How long answers took, as counts by size: a day of them is no more memory than a minute. Milliseconds. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS)
  #all = 0
  #max = 0

  get max(): number {
    return this.#max
  }

  add(ms: number): void {
    const bucket = ms <= 1 ? 0 : Math.ceil(Math.log(ms) / Math.log(GROWTH))
    this.#counts[Math.min(bucket, BUCKETS - 1)]! += 1
    this.#all += 1
    this.#max = Math.max(this.#max, ms)
  }

  /** What so great a share of the answers, such as 0.95, took at most; 0 where there was none. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.#all)
    if (left === 0) return 0
    const bucket = this.#counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return Math.min(Math.round(GROWTH ** bucket), this.#max)
  }
}
