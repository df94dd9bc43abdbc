import type { Clock } from '../doors/clock.ts'
import type { ClosedNetwork } from '../doors/closed-network.ts'
import type { DatabaseDoor } from '../doors/database.ts'
import type { Asker } from '../doors/prompt.ts'
import type { RemoteHost } from '../doors/remote-host.ts'
import type { Secrets } from '../doors/secrets.ts'

/** Everything outside that a run reaches. */
export interface Doors {
  clock: Clock
  secrets: Secrets
  /** Of an environment that has one; opened when it is first used. */
  readonly database: DatabaseDoor | undefined
  /** Where the environment is on another host; reached when it is first used. */
  readonly host: RemoteHost | undefined
  /** What leads to the database, where that is reached through the host. */
  tunnel(
    signal: AbortSignal,
    to: { host: string; port: string },
  ): Promise<{ host: string; port: string } | undefined>
  /** Of a copy of the database: in here its commands run. */
  closed?: ClosedNetwork
  ask: Asker
  /** What the operator's process has in its environment. */
  variables: Readonly<Record<string, string | undefined>>
}
