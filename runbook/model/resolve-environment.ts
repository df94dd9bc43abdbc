import { resolve } from 'node:path'
import type { EnvironmentDefinition } from './book.ts'
import type { Environment } from './environment.ts'

/** An environment of the book with its name, its defaults, and its folder made absolute. */
export const resolveEnvironment = (
  name: string,
  definition: EnvironmentDefinition,
  bookFolder: string,
): Environment => ({
  name,
  protected: definition.protected ?? false,
  host: definition.host ?? 'local',
  app: {
    dir: resolve(bookFolder, definition.app.dir),
    branch: definition.app.branch ?? 'main',
    ...(definition.app.revision !== undefined && { revision: definition.app.revision }),
    url: (definition.app.url ?? '').replace(/\/+$/, ''),
    health: definition.app.health ?? '/health',
    probe: definition.app.probe ?? [],
    ...(definition.app.headers && { headers: definition.app.headers }),
  },
  ...(definition.database && {
    database: {
      url: definition.database.url,
      schema: definition.database.schema ?? 'public',
      ...(definition.database.schema === undefined && { schemaOfUrl: true as const }),
      ...(definition.database.via && { via: definition.database.via }),
      ...(definition.database.backupsOnHost && { backupsOnHost: definition.database.backupsOnHost }),
    },
  }),
  ...(definition.identify && { identify: definition.identify }),
  ...(definition.ledger && { ledger: definition.ledger }),
  variables: definition.variables ?? {},
})
