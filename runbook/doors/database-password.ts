import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { SOCKET_FOLDERS } from './database-files.ts'
import type { DatabasePlace } from './database-places.ts'
import type { DatabaseTarget } from './database-url.ts'

/**
 * The password of a place from a file of passwords (https://www.postgresql.org/docs/current/libpq-pgpass.html): the URL's, or the
 * user's own. Undefined where there is none; like libpq, one that is open to others is not read.
 */
export const passwordOf = async (
  { passfile, user, database }: DatabaseTarget,
  { host, port }: DatabasePlace,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> => {
  const { PGPASSFILE, HOME } = variables
  const path = passfile ?? PGPASSFILE ?? (HOME && join(HOME, '.pgpass'))
  if (!path) return undefined
  const file = await stat(path).catch(() => undefined)
  if (!file?.isFile() || file.mode & 0o077) return undefined
  // pgpass's own entry takes the file from process.env alone.
  // @ts-expect-error: it has no types
  const { default: helper } = (await import('pgpass/lib/helper.js')) as { default: Helper }
  const names = SOCKET_FOLDERS.includes(host) ? [host, 'localhost'] : [host]
  for (const name of names) {
    const asked = { host: name, port, database: database!, user: user ?? userInfo().username }
    const found = await new Promise<string | undefined>((resolve) =>
      helper.getPassword(asked, createReadStream(path), resolve),
    )
    if (found !== undefined) return found
  }
  return undefined
}

interface Helper {
  getPassword(
    asked: { host: string; port: string; database: string; user: string },
    file: NodeJS.ReadableStream,
    done: (password: string | undefined) => void,
  ): void
}
