import { bytes, quantity } from '../../runbook/index.ts'

/** What stands beside a dump, in `<dump>.json`. A contract: restore, report and other people's scripts read it. */
export interface BackupManifest {
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
  /** Of the dump, in hex. */
  sha256: string
  /** Of the dump; bytes. */
  size: number
  schemas: string[]
  /** With the rows that each had in the dump's own snapshot. */
  tables: { schema: string; name: string; rows: number }[]
}

/** Where the manifest of a dump stands. */
export const manifestOf = (dump: string): string => `${dump}.json`

/** A backup in numbers. */
export interface BackupTotals {
  sha256: string
  size: number
  tables: number
  rows: number
}

export const totalsOf = ({ sha256, size, tables }: BackupManifest): BackupTotals => ({
  sha256,
  size,
  tables: tables.length,
  rows: tables.reduce((sum, table) => sum + table.rows, 0),
})

/** `14.2 MB, 8 tables, 40,218 rows, sha256 9f2c…` */
export const printTotals = ({ size, tables, rows, sha256 }: BackupTotals): string =>
  `${bytes(size)}, ${quantity(tables, 'table')}, ${quantity(rows, 'row')}, sha256 ${sha256.slice(0, 4)}…`
