/**
 * Reads what a script over there says, between what else is printed: lines that begin with a mark. After `out <n>` and
 * `err <n>` as many bytes follow of what a command printed.
 */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0)
  /** Bytes of the present piece that are still to come. */
  #left = 0
  #stream: 'out' | 'err' = 'out'
  /** The last words said, such as `exit 0`. */
  said: string[] = []
  /** Said before: the disk over there is full. */
  full = false

  constructor(
    private readonly mark: string,
    private readonly onOutput: (stream: 'out' | 'err', chunk: Buffer) => void,
  ) {}

  push(chunk: Buffer): void {
    this.#held = this.#held.length ? Buffer.concat([this.#held, chunk]) : chunk
    while (this.#held.length > 0) {
      if (this.#left > 0) {
        const piece = this.#held.subarray(0, this.#left)
        this.#held = this.#held.subarray(piece.length)
        this.#left -= piece.length
        this.onOutput(this.#stream, piece)
        continue
      }
      const end = this.#held.indexOf('\n')
      if (end < 0) return
      const line = this.#held.toString('utf8', 0, end)
      this.#held = this.#held.subarray(end + 1)
      if (line.startsWith(`${this.mark} `)) this.#hear(line.slice(this.mark.length + 1).split(' '))
    }
  }

  #hear(words: string[]): void {
    const [first, size] = words
    if (first === 'out' || first === 'err') {
      this.#stream = first
      this.#left = Number(size)
    } else if (first === 'full') this.full = true
    else this.said = words
  }
}

/** What a look printed: between the line that says its process and the one that says its exit status. */
export const lookOutput = (printed: Buffer, mark: string): { pid: number; out: Buffer; said: string[] } => {
  const head = new RegExp(`(?:^|\\n)${mark} pid (\\d+)\\n`).exec(printed.toString('latin1'))
  if (!head) {
    const line = new RegExp(`(?:^|\\n)${mark} ([^\\n]*)\\n`).exec(printed.toString('latin1'))
    return { pid: 0, out: Buffer.alloc(0), said: line?.[1]?.split(' ') ?? [] }
  }
  const begin = head.index + head[0].length
  const end = printed.lastIndexOf(`\n${mark} exit `)
  const said =
    end < begin - 1
      ? []
      : printed
          .toString('latin1', end + mark.length + 2)
          .trimEnd()
          .split(' ')
  return { pid: Number(head[1]), out: printed.subarray(begin, Math.max(begin, end)), said }
}
