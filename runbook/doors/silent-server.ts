import type { Client } from 'pg'

/** How long a server may take to answer a goodbye, or to heed a cancel. Milliseconds. */
const GOODBYE = 2_000
const HEEDS = 5_000

/** Closes a connection without a word: nobody may be there to hear it. What waits on it fails. */
export const cut = (client: Client): void => {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
  stream.destroy()
}

/**
 * A connection's end waits for the server's, and a line that has fallen silent (a proxy, a firewall, a host that is gone)
 * never has one: after 2 s it is cut.
 */
export const endsInTime = (client: Client): Client => {
  const end = client.end.bind(client)
  const inTime = async () => {
    const late = setTimeout(() => cut(client), GOODBYE)
    await end().finally(() => clearTimeout(late))
  }
  return Object.assign(client, { end: inTime })
}

/** Cuts a connection that does not come back within 5 s of `signal`, by when it was cancelled. Gives what ends that. */
export const cutAfter = (signal: AbortSignal, client: Client): (() => void) => {
  let late: NodeJS.Timeout | undefined
  const wait = () => {
    late = setTimeout(() => cut(client), HEEDS)
  }
  signal.addEventListener('abort', wait, { once: true })
  return () => {
    clearTimeout(late)
    signal.removeEventListener('abort', wait)
  }
}

/**
 * What the server itself would end after `ms` is given up 5 s later, where it says nothing. Undefined: as long as it
 * takes.
 */
export const answeredWithin = async <T>(
  client: Client,
  ms: number | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  if (ms === undefined) return work()
  let silent = false
  const late = setTimeout(() => {
    silent = true
    cut(client)
  }, ms + HEEDS)
  try {
    return await work()
  } catch (error) {
    throw silent ? new Error(`it has not answered for ${Math.round((ms + HEEDS) / 1000)} s`) : error
  } finally {
    clearTimeout(late)
  }
}
