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
  /** Of the dump, in hex. */
  sha256: string
  /** Of the dump; bytes. */
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
