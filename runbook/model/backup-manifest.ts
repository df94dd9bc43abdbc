/**
 * How a dump is kept: one file of pg_dump's own, the same as a stream of zstd's or lz4's, or a folder with a file for each
 * table. It bears one name all the same.
 */
export type DumpFormat = 'custom' | 'custom-zstd' | 'custom-lz4' | 'directory'

/** What stands beside a dump, in `<dump>.json`. A contract: restore, report and other people's scripts read it. */
export type BackupManifest = {
  environment: string
  database: string
  /** As the server sees itself; null over a Unix socket. */
  host: string | null
  /** PostgreSQL's own number of the cluster: two of one name can be told apart. */
  system: string
  serverVersion: string
  pgDumpVersion: string
  startedAt: string
  finishedAt: string
  /** The moment that was dumped: which transactions it shows, and the server's time. Absent in the oldest manifests. */
  moment?: { snapshot: string; at: string }
  /** Absent in older manifests: custom. */
  format?: DumpFormat
  /** Of the dump, in hex; of a folder, of what `sha256sum *` prints in it. */
  sha256: string
  /** Of the dump, of a folder all of its files; bytes. */
  size: number
  schemas: string[]
  /** With the rows that each had in the dump's own snapshot, and its columns; the oldest manifests name none. */
  tables: { schema: string; name: string; rows: number; columns?: string[] }[]
}

/** Where the manifest of a dump stands. */
export const manifestOf = (dump: string): string => `${dump}.json`

/** What a manifest's text says; undefined where it was cut, or is none. */
export const parseManifest = (text: string): BackupManifest | undefined => {
  try {
    const value = JSON.parse(text)
    return Array.isArray(value?.tables) && typeof value.sha256 === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
