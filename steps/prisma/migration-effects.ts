import type { MigrationFile } from '../../checks/reading/prisma-migrations.ts'
import type { Danger } from '../../runbook/index.ts'
import { isConcurrent } from '../sql/concurrent.ts'
import { dangersOf, type SqlFile } from '../sql/dangers/dangers-of.ts'
import { effectsOf } from '../sql/effects.ts'
import type { SqlEffects } from '../sql/ledger.ts'
import { whyOf } from '../sql/refuse.ts'
import { isEmptyScript, parseSqlScript } from '../sql/script.ts'

/** What migrations do together, in their order. */
export interface MigrationEffects {
  effects: SqlEffects
  /** The first line that the parser cannot account for; then their way back is not known. */
  unread: string | null
  /** What may go wrong, or hurt users. */
  dangers: Danger[]
  /** Whether an index is made or dropped beside those who write: what interrupts that leaves an index that is not valid. */
  concurrent: boolean
  /** Tables for which there is a CREATE TABLE, whatever becomes of them. */
  created: string[]
  /** Where each statement stands, to name its file. */
  places: { file: string; line: number; sql: string }[]
}

export const effectsOfMigrations = async (
  migrations: readonly MigrationFile[],
  schema: string,
): Promise<MigrationEffects> => {
  const files: SqlFile[] = []
  const places: MigrationEffects['places'] = []
  let unread: string | null = null
  for (const { name, sql } of migrations) {
    const script = await parseSqlScript(sql)
    // Prisma makes an empty migration where nothing has changed.
    const [mistake] = isEmptyScript(script) ? [] : script.mistakes
    if (mistake) unread ??= `line ${mistake.line} of ${name}: ${mistake.seen}`
    files.push({ name, statements: script.statements })
    places.push(...script.statements.map(({ line, sql }) => ({ file: name, line, sql })))
  }
  const statements = files.flatMap((file) => file.statements)
  const created = statements.flatMap(({ node }) =>
    'CreateStmt' in node ? node.CreateStmt.relation!.relname! : [],
  )
  return {
    effects: effectsOf(statements, schema, { several: files.length > 1 }),
    ...{ unread, created, places },
    concurrent: statements.some(({ node }) => isConcurrent(node)),
    dangers: dangersOf(files, schema),
  }
}

/** A short account of them: 'adds 13 tables, 52 indexes, 6 constraints'. */
export const effectsText = ({ adds, drops, columns, underived }: SqlEffects): string => {
  if (underived) return `what it changes is not derived from its SQL. ${whyOf(underived)}`
  const added = new Map<string, number>()
  for (const { kind } of adds) added.set(kind, (added.get(kind) ?? 0) + 1)
  const made = new Set(
    adds.filter(({ kind }) => kind === 'table').map(({ schema, name }) => `${schema}.${name}`),
  )
  const altered = columns.filter(({ schema, table }) => !made.has(`${schema}.${table}`))
  const counts = [...added].map(
    ([kind, count]) => `${count} ${count === 1 ? kind : (plurals[kind] ?? `${kind}s`)}`,
  )
  return [
    ...(counts.length ? [`adds ${counts.join(', ')}`] : []),
    ...(drops.length ? [`drops ${drops.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`] : []),
    ...(altered.length ? [`alters ${altered.map(({ table }) => table).join(', ')}`] : []),
  ].join('; ')
}
const plurals: Readonly<Record<string, string>> = { index: 'indexes' }
