import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scenario } from './scenario.ts'

/** What Lumiku's backend is like, whichever way it reaches its database. */
export const backend = {
  packages: 'backend',
  ecosystem: 'ecosystem.config.cjs',
  settings: ({ databaseUrl }, port) => ({
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    PORT: String(port),
  }),
  secrets: ({ databaseUrl, token }) => ({ DATABASE_URL: databaseUrl, LUMIKU_TOKEN: token }),
  address: (environment) =>
    environment === 'production' ? 'LUMIKU_URL' : `LUMIKU_${environment.toUpperCase()}_URL`,
  isBroken: async ({ url, token }, revision) => {
    const health = await fetch(`${url}/health`)
    if (((await health.json()) as { revision: string }).revision !== revision) return false
    // The token is this database's alone: another world's application would answer 401.
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${url}/api/apps/avatar-creator/projects`, { headers })).status === 500
  },
} satisfies Partial<Scenario>

/** The repository before there was a backend in it. */
export async function removeBackend(files: string): Promise<void> {
  const names = await readdir(files)
  const others = names.filter((name) => !['README.md', '.gitignore'].includes(name))
  for (const name of others) await rm(join(files, name), { recursive: true })
}
