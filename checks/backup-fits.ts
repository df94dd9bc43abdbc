import { defineCheck, fails, holds, selects } from '../runbook/index.ts'
import { readManifest } from './reading/backup-manifest.ts'

/** A dump was made of this very database, by a server that is not newer than the one it would be restored into. */
export const backupFits = (dump: string) =>
  defineCheck({
    fact: `the backup ${dump} is of this database`,
    remedy: 'name a backup of this database: runbook backups',
    look: async (at) => {
      const manifest = await readManifest(at, dump)
      if (!manifest) return fails('its manifest does not say')
      const [here] = await at.see(
        selects<{ database: string; system: string; version: string }>(
          `SELECT current_database() AS database, (SELECT system_identifier::text FROM pg_control_system()) AS system,
             split_part(current_setting('server_version'), ' ', 1) AS version`,
        ),
      )
      const { database, system, version } = here!
      if (manifest.database !== database) return fails(`it is of ${manifest.database}, not of ${database}`)
      if (manifest.system !== system)
        return fails(`it is of a ${database} in another cluster (${manifest.system}, not ${system})`)
      if (major(manifest.serverVersion) > major(version))
        return fails(`it is of PostgreSQL ${manifest.serverVersion}, this server is ${version}`, {
          remedy: 'restore it into a server that is not older than the one it comes from',
        })
      return holds(`${database}, PostgreSQL ${manifest.serverVersion}, taken ${manifest.startedAt}`)
    },
  })

const major = (version: string): number => Number.parseInt(version, 10)
