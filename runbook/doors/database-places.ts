import type { Client } from 'pg'
import type { DatabaseTarget } from './database-url.ts'

/** One of the servers that a URL names. */
export interface DatabasePlace {
  host: string
  /** Where that is, where the URL says it. */
  hostaddr?: string
  port: string
}

/** The servers of a URL, in the order in which libpq tries them. */
export const placesOf = ({
  host = '',
  hostaddr = '',
  port = '5432',
  load_balance_hosts,
}: DatabaseTarget): DatabasePlace[] => {
  const [hosts, addresses, ports] = [host, hostaddr, port].map((list) => list.split(',')) as [
    string[],
    string[],
    string[],
  ]
  const places = (host ? hosts : addresses).map((_, i) => ({
    host: hosts[i] || addresses[i] || 'localhost',
    ...(addresses[i] && { hostaddr: addresses[i] }),
    port: (ports.length === 1 ? ports[0] : ports[i]) || '5432',
  }))
  return load_balance_hosts === 'random' ? shuffled(places) : places
}

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, by: Math.random() }))
    .sort((a, b) => a.by - b.by)
    .map(({ item }) => item)

/** Where it is, whatever its name. */
export const addressOf = ({ host, hostaddr, port }: DatabasePlace): { host: string; port: string } => ({
  host: hostaddr ?? host,
  port,
})

/** Whether only a look at the servers tells which one is meant. */
export const isOpen = (target: DatabaseTarget, places: readonly DatabasePlace[]): boolean =>
  places.length > 1 || (target.target_session_attrs ?? 'any') !== 'any'

/**
 * The first place whose session is as `target_session_attrs` asks (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS).
 * As with libpq, a server that refuses whoever comes is the last that is tried; one that does not answer is not. Throws what
 * was met with last.
 */
export const choosePlace = async (
  places: readonly DatabasePlace[],
  attributes: string,
  open: (place: DatabasePlace) => Promise<Client>,
): Promise<DatabasePlace> => {
  const asked = attributes === 'prefer-standby' ? ['standby', 'any'] : [attributes]
  const met: string[] = []
  let last: unknown
  for (const wanted of asked)
    for (const place of places)
      try {
        const client = await open(place)
        try {
          if (await isAs(client, wanted)) return place
          met.push(`${place.host}:${place.port} is not ${wanted}`)
        } finally {
          await client.end().catch(() => {})
        }
      } catch (error) {
        const { severity, code, message } = error as { severity?: string; code?: string; message: string }
        if (severity && code !== '57P03') throw error
        last = error
        met.push(
          `${place.host}:${place.port}: ${code === 'ECONNREFUSED' ? 'connection refused' : message || code}`,
        )
      }
  throw places.length === 1 && last ? last : new Error([...new Set(met)].join('; '))
}

const isAs = async (client: Client, wanted: string): Promise<boolean> => {
  if (wanted === 'any') return true
  const { rows } = await client.query<{ standby: boolean; readonly: string }>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS readonly`,
  )
  const { standby, readonly } = rows[0]!
  const isReadOnly = standby || readonly === 'on'
  const is: Readonly<Record<string, boolean>> = {
    'read-write': !isReadOnly,
    'read-only': isReadOnly,
    primary: !standby,
    standby,
  }
  return is[wanted]!
}
