import { WHOLE_DATABASE } from '../../checks/reading/whole-database.ts'
import { type Actions, type Environment, executes, given } from '../../runbook/index.ts'
import { drops, restores } from '../restore/bring-backup.ts'
import { createLike } from '../restore/make-alike.ts'
import { quoted } from '../sql/quoted.ts'
import type { Found } from './where.ts'

/** Makes a copy from a dump, and takes it away, wherever that is. `discard` comes first and last. */
export const copyActions = ({ where, database, leftovers, jobs }: Found, env: Environment): Actions => {
  const each = <T>(names: readonly string[], of: (name: string) => T) =>
    Object.fromEntries(
      names.filter((name) => name !== database).map((name, i) => [`discard-${i + 1}`, of(name)]),
    )
  if (where.kind === 'same') {
    const { via, making } = where
    return {
      discard: { ...drops(database), database: via, leaves: [database] },
      ...each(leftovers, (name) => ({ ...drops(name), database: via })),
      create: { ...executes(createLike(database, making)), database: via, timeout: WHOLE_DATABASE },
      // It holds what the live one holds, and what lets others into that is in no dump.
      close: { ...executes(`REVOKE ALL ON DATABASE ${quoted(database)} FROM PUBLIC`), database: via },
      restore: given(['dump'], ({ dump }) => restores(env, dump, database, jobs)),
      analyze: { ...executes('ANALYZE'), database, timeout: WHOLE_DATABASE },
    }
  }
  return {}
}
