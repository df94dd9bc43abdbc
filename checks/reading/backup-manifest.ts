import {
  type BackupManifest,
  bytes,
  type Look,
  manifestOf,
  parseManifest,
  quantity,
  readsFile,
} from '../../runbook/index.ts'

/** What stands beside a dump; undefined where there is none, or where it is damaged. */
export const readManifest = async ({ attempt }: Look, dump: string): Promise<BackupManifest | undefined> => {
  const text = await attempt(readsFile(manifestOf(dump)))
  return text.ok ? parseManifest(text.value) : undefined
}

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
