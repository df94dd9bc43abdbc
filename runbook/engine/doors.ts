import type { Clock } from '../doors/clock.ts'
import type { DatabaseDoor } from '../doors/database.ts'
import type { Asker } from '../doors/prompt.ts'
import type { Secrets } from '../doors/secrets.ts'

/** Everything outside that a run reaches. */
export interface Doors {
  clock: Clock
  secrets: Secrets
  /** Of an environment that has one; opened when it is first used. */
  readonly database: DatabaseDoor | undefined
  ask: Asker
  /** What the operator's process has in its environment. */
  variables: Readonly<Record<string, string | undefined>>
}
