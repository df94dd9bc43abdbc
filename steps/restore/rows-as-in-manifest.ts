import {
  type BackupManifest,
  fails,
  holds,
  type Query,
  quantity,
  selects,
  type Verdict,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import { printedName } from '../sql/printed-name.ts'
import { quoted } from '../sql/quoted.ts'

type Rows = { rows: number }

/**
 * Counts every table of a database that was filled from a dump; the rows of the manifest come from the snapshot that was
 * dumped. `see`: looks at that database.
 */
export const rowsAsInManifest = async (
  { tables }: BackupManifest,
  see: (query: Query<'reads', Rows>) => Promise<readonly Rows[]>,
): Promise<Verdict> => {
  const wrong: string[] = []
  for (const { schema, name, rows } of tables) {
    const count = selects<Rows>(`SELECT count(*) AS rows FROM ONLY ${quoted(schema)}.${quoted(name)}`)
    const [counted] = await see({ ...count, timeout: WHOLE_DATABASE, exact: true })
    if (counted!.rows !== rows)
      wrong.push(`${printedName(schema, name)} has ${counted!.rows} rows instead of ${rows}`)
  }
  const all = tables.reduce((sum, { rows }) => sum + rows, 0)
  return wrong.length
    ? fails(wrong.join('; '))
    : holds(`${quantity(tables.length, 'table')}, ${quantity(all, 'row')}`)
}
