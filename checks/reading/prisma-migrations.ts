import {
  databaseOf,
  type Look,
  reads,
  readsFile,
  selects,
  sqlName,
  typed,
  typedPath,
  unmet,
} from '../../runbook/index.ts'

/** A folder of `prisma/migrations` with its SQL. */
export interface MigrationFile {
  readonly name: string
  readonly sql: string
}
/** Reads the migrations of a folder, in Prisma's order: by name. */
export type ReadMigrations = (at: Look, folder: string) => Promise<MigrationFile[]>

/** What Prisma has written into its table about one attempt to apply a migration. */
export interface MigrationRow {
  readonly id: string
  readonly name: string
  /** SHA-256 of its file, in hex. */
  readonly checksum: string
  readonly state: 'applied' | 'failed' | 'rolled back'
  readonly logs: string
  /** Marked as applied by `migrate resolve`, and never run. */
  readonly marked: boolean
}

/** The migrations of the working tree. */
export const migrationsInTree: ReadMigrations = async (at, folder) => {
  const found = await at.attempt(
    reads('find', typedPath(folder), '-mindepth', '1', '-maxdepth', '1', '-type', 'd'),
  )
  if (!found.ok) throw noFolder(at, folder)
  const names = found.value.split('\n').filter(Boolean)
  const files = names.map(async (path) => {
    const sql = await at.attempt(readsFile(`${path}/migration.sql`))
    if (!sql.ok) throw noSql(path)
    return { name: path.slice(path.lastIndexOf('/') + 1), sql: sql.value }
  })
  return (await Promise.all(files)).sort(byName)
}

export const byName = (a: MigrationFile, b: MigrationFile): number => (a.name < b.name ? -1 : 1)

export const noFolder = ({ env }: Look, folder: string) =>
  unmet(
    `the folder ${folder} is there`,
    `not in ${env.app.dir}`,
    'correct `in` or `schema` in the book: the migrations stand beside the schema',
  )

/** P3015. */
const noSql = (path: string) =>
  unmet(
    `each migration has its SQL`,
    `${path} has no migration.sql, and Prisma refuses all of them (P3015)`,
    typed`git log --stat -- ${path}; then bring the file back; or remove the empty folder: rmdir -- ${path}`,
  )

/** The rows of Prisma's table, the oldest first; undefined where it has none. */
export const migrationRows = async (at: Look): Promise<MigrationRow[] | undefined> => {
  const { schema } = databaseOf(at.env)
  const table = `${sqlName(schema)}."_prisma_migrations"`
  const [found] = await at.see(
    selects<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', table),
  )
  if (!found!.there) return undefined
  return at.see(
    selects<MigrationRow>(
      `SELECT id, migration_name AS name, checksum, coalesce(logs, '') AS logs,
         applied_steps_count = 0 AND rolled_back_at IS NULL AND finished_at IS NOT NULL AS marked,
         CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled back' WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END AS state
       FROM ${table} ORDER BY started_at, id`,
    ),
  )
}

/** What the files and the table say together. Prisma's `migrate status` says "up to date" in most of these cases. */
export interface MigrationStand {
  /** Files that are not applied: what `migrate deploy` would run, in its order. */
  readonly pending: MigrationFile[]
  /** Files that are applied, as they were. */
  readonly applied: MigrationFile[]
  /** Begun and never finished; while there is one, every deploy is refused (P3009). */
  readonly failed: MigrationRow[]
  /** Applied, and another since: the file, and the checksum that it had. */
  readonly edited: { name: string; was: string; is: string }[]
  /** Applied, and no longer in the tree, nor in one that stands for it. */
  readonly gone: string[]
  /** The migration of the tree that all of those before it were squashed into, and these. */
  readonly squashed: { into: string; names: string[] } | null
}

export const migrationStand = async (
  files: readonly MigrationFile[],
  rows: readonly MigrationRow[],
): Promise<MigrationStand> => {
  const applied = new Map(rows.flatMap((row) => (row.state === 'applied' ? [[row.name, row.checksum]] : [])))
  const missing = [...applied.keys()].filter((name) => !files.some((file) => file.name === name))
  const squashed = squashedIn(files, rows, missing)
  const stand: MigrationStand = {
    pending: files.filter(({ name }) => !applied.has(name)),
    applied: [],
    failed: rows.filter(({ state }) => state === 'failed'),
    edited: [],
    gone: missing.filter((name) => !squashed?.names.includes(name)),
    squashed,
  }
  for (const file of files) {
    const was = applied.get(file.name)
    if (was === undefined) continue
    const [is, ...others] = await checksumsOf(file.sql)
    if ([is, ...others].includes(was)) stand.applied.push(file)
    else stand.edited.push({ name: file.name, was, is: is! })
  }
  return stand
}

/**
 * A squashed history, as Prisma's guide has it made: one migration of the tree was marked as applied, without being run,
 * and of all that were applied before none is in the tree any more. Where only some are missing, they were lost.
 */
const squashedIn = (
  files: readonly MigrationFile[],
  rows: readonly MigrationRow[],
  missing: readonly string[],
): MigrationStand['squashed'] => {
  const inTree = new Set(files.map(({ name }) => name))
  const applied = rows.filter(({ state }) => state === 'applied')
  const place = applied.findLastIndex(({ name, marked }) => marked && inTree.has(name))
  const earlier = applied.slice(0, Math.max(0, place)).map(({ name }) => name)
  const isSquash = earlier.length > 0 && earlier.every((name) => missing.includes(name))
  return isSquash ? { into: applied[place]!.name, names: earlier } : null
}

/** The same, looked at here and now. */
export const standNow = async (at: Look, folder: string, read: ReadMigrations): Promise<MigrationStand> =>
  migrationStand(await read(at, folder), (await migrationRows(at)) ?? [])

/** As it is, and as it would be with the other line ends: a checkout on Windows changes them, and Prisma passes that over. */
const checksumsOf = (sql: string): Promise<string[]> => {
  const unix = sql.replaceAll('\r\n', '\n')
  return Promise.all([sql, unix, unix.replaceAll('\n', '\r\n')].map(sha256))
}

const sha256 = async (text: string): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
