import type { Client } from 'pg'

/** How many looks go on at once. */
const MOST = 3

/** A few sessions on one database, opened when they are needed. Each look has one for itself. */
export class Lookers {
  readonly #idle: Client[] = []
  readonly #broken = new WeakSet<Client>()
  readonly #waiting: (() => void)[] = []
  #places = MOST
  #over = false

  constructor(private readonly open: (signal: AbortSignal) => Promise<Client>) {}

  async look<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    await this.#place()
    try {
      signal.throwIfAborted()
      const client = this.#idle.pop() ?? (await this.#opened(signal))
      try {
        return await work(client)
      } finally {
        if (this.#over) await client.end().catch(() => {})
        else if (!this.#broken.has(client)) this.#idle.push(client)
      }
    } finally {
      this.#places += 1
      this.#waiting.shift()?.()
    }
  }

  /** Closes what is idle now; what is in use, afterwards. */
  async end(): Promise<void> {
    this.#over = true
    await Promise.allSettled(this.#idle.splice(0).map((client) => client.end()))
  }

  async #place(): Promise<void> {
    while (this.#places === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#places -= 1
  }

  async #opened(signal: AbortSignal): Promise<Client> {
    const client = await this.open(signal)
    client.once('end', () => {
      this.#broken.add(client)
      const at = this.#idle.indexOf(client)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    return client
  }
}
