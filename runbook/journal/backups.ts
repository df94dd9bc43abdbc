import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type BackupManifest, manifestOf, parseManifest } from '../model/backup-manifest.ts'

/** A dump that was kept, with what is known of it without reading it. */
export interface Backup {
  /** `production-20261122T021500Z.dump`. */
  name: string
  path: string
  environment: string
  /** Of its run: `20261122T021500Z`. */
  stamp: string
  /** Bytes. */
  size: number
  /** Undefined where there is none, or where it is damaged. */
  manifest: BackupManifest | undefined
}

/** The dumps in a state folder, oldest first; of one environment where one is named. */
export const listBackups = (stateDir: string, env?: string): Backup[] => {
  const folder = join(stateDir, 'backups')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => {
      const [, environment, stamp] = /^(.+)-(\d{8}T\d{6}Z)\.dump$/.exec(name) ?? []
      if (!environment || !stamp || (env !== undefined && environment !== env)) return []
      const path = join(folder, name)
      return [{ name, path, environment, stamp, size: statSync(path).size, manifest: manifestBeside(path) }]
    })
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
}

const manifestBeside = (dump: string): BackupManifest | undefined =>
  existsSync(manifestOf(dump)) ? parseManifest(readFileSync(manifestOf(dump), 'utf8')) : undefined

/** Whether a dump is still the one that was proven, to the bit; and what is wrong with it otherwise. */
export const proofOf = async ({
  path,
  size,
  manifest,
}: Backup): Promise<{ stands: boolean; seen: string }> => {
  if (!manifest) return { stands: false, seen: 'no manifest, or a damaged one' }
  if (size !== manifest.size) return { stands: false, seen: `${size} bytes instead of ${manifest.size}` }
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex') === manifest.sha256
    ? { stands: true, seen: `sha256 ${manifest.sha256.slice(0, 8)}…` }
    : { stands: false, seen: 'it was altered: another sha256 than in its manifest' }
}
