import {
  type Copy,
  defineCheck,
  defineStep,
  executes,
  type Failure,
  holds,
  type Look,
  nothingToUndo,
  type Query,
  quantity,
  type Statement,
  selects,
  sqlText,
  transaction,
} from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import { type Suspect, suspectOf } from '../sql/suspect.ts'
import { shortName } from './held.ts'

type QueryFailed = Extract<Failure, { kind: 'query-failed' }>

/** How many are named, and how long they are looked for. Milliseconds. */
const NAMED = 5
const PATIENCE = 120_000

/**
 * Which rows make a statement fail, by their keys: '3 of 40,218 rows of avatars: id=7, id=9, id=12'. They are looked for on the
 * copy, where what stood before the statement in its transaction is done once more, to stay. Undefined where they
 * cannot be told.
 */
export const failingRows = async (
  copy: Copy,
  failure: QueryFailed,
  statements: readonly Statement[],
): Promise<string | undefined> => {
  const failed = statements.findIndex(({ sql }) => sql.trim() === failure.statement)
  const suspect = await suspectOf(failure)
  if (!suspect) return undefined
  await copy.perform(prepared(suspect, statements.slice(0, Math.max(0, failed))))
  const condition = await conditionOf(copy.look, suspect)
  const [table] = await copy.look.see(tableNamed(suspect))
  if (!condition || !table) return undefined
  const found = await copy.look.see({
    ...selects<{ key: string; total: number }>(
      `SELECT ${table.key} AS key, count(*) OVER () AS total FROM ONLY ${table.path} AS t WHERE ${condition} ORDER BY ${table.order} LIMIT ${NAMED}`,
    ),
    timeout: PATIENCE,
  })
  const [{ total } = { total: 0 }] = found
  if (total === 0) return undefined
  const [all] = await copy.look.see(
    selects<{ rows: number }>(`SELECT count(*) AS rows FROM ONLY ${table.path}`),
  )
  const more = total > found.length ? ', …' : ''
  return `${total.toLocaleString('en-US')} of ${quantity(all!.rows, 'row')} of ${shortName(table.name)}: ${found.map(({ key }) => key).join(', ')}${more}`
}

const FUNCTION = 'runbook_rows_that_fail'

/** Brings the copy to where the statement stood, with what the search needs. */
const prepared = (suspect: Suspect, before: readonly Statement[]) =>
  defineStep({
    id: 'failing-rows',
    title: 'find the rows that make it fail',
    about:
      'Performs on the copy what stands before the statement that failed, and looks which rows it cannot take.',
    sort: 'prepares',
    actions: () => ({
      ...(before.length && { replay: transaction(before) }),
      ...(suspect.kind === 'constraint' && { constrain: executes(suspect.unproven) }),
      ...(suspect.kind === 'cast' && { try: executes(triesEachRow(suspect)) }),
    }),
    after: () => [
      defineCheck({
        fact: 'it can be looked for',
        remedy: 'look at the transcript',
        look: async () => holds('it can'),
      }),
    ],
    undo: () => nothingToUndo('the copy is dropped'),
  })

/**
 * Whole stretches of the table are tried at once, and row by row only where that fails: of 40,000 rows with one that does
 * not fit it takes as long as of a thousand.
 */
const triesEachRow = ({ path, expression }: Extract<Suspect, { kind: 'cast' }>): string => {
  const stretch = `ctid >= format('(%s,0)', block)::tid AND ctid < format('(%s,0)', block + 64)::tid`
  return `CREATE FUNCTION ${FUNCTION}() RETURNS SETOF tid LANGUAGE plpgsql AS $try$
DECLARE
  block bigint := 0;
  row_id tid;
BEGIN
  WHILE block * current_setting('block_size')::bigint < pg_relation_size(${sqlText(path)}::regclass) LOOP
    BEGIN
      PERFORM count(${expression}) FROM ONLY ${path} WHERE ${stretch};
    EXCEPTION WHEN data_exception OR datatype_mismatch OR cannot_coerce THEN
      FOR row_id IN SELECT ctid FROM ONLY ${path} WHERE ${stretch} LOOP
        BEGIN
          PERFORM ${expression} FROM ONLY ${path} WHERE ctid = row_id;
        EXCEPTION WHEN data_exception OR datatype_mismatch OR cannot_coerce THEN
          RETURN NEXT row_id;
        END;
      END LOOP;
    END;
    block := block + 64;
  END LOOP;
END $try$`
}

/** What is so of the rows that fail. */
const conditionOf = async (look: Look, suspect: Suspect): Promise<string | undefined> => {
  switch (suspect.kind) {
    case 'null': {
      const [found] = await look.see(
        selects<{ there: boolean }>(
          `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attisdropped) AS there`,
          suspect.path,
          suspect.column,
        ),
      )
      // A new column without a default is null in every row.
      return found!.there ? `t.${quoted(suspect.column)} IS NULL` : 'true'
    }
    case 'alike': {
      const columns = suspect.columns.map(quoted).join(', ')
      return `(${suspect.columns.map((one) => `t.${quoted(one)}`).join(', ')}) IN (SELECT ${columns} FROM ONLY ${suspect.path} GROUP BY ${columns} HAVING count(*) > 1)`
    }
    case 'cast':
      return `t.ctid = ANY (ARRAY(SELECT ${FUNCTION}()))`
    case 'constraint':
      return (await look.see(brokenBy(suspect)))[0]?.condition
  }
}

/** A constraint that was added without being proven, as a condition of the rows that break it. */
const brokenBy = ({
  path,
  name,
}: Extract<Suspect, { kind: 'constraint' }>): Query<'reads', { condition: string }> =>
  selects<{ condition: string }>(
    `SELECT CASE k.contype WHEN 'c' THEN format('NOT (%s)', pg_get_expr(k.conbin, k.conrelid)) ELSE
       (SELECT string_agg(format('t.%I IS NOT NULL', a.attname), ' AND ') || format(' AND NOT EXISTS (SELECT FROM %s r WHERE %s)',
          k.confrelid::regclass, string_agg(format('r.%I = t.%I', f.attname, a.attname), ' AND '))
        FROM unnest(k.conkey, k.confkey) AS u (own, other)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own
        JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = u.other) END AS condition
     FROM pg_constraint k WHERE k.conrelid = $1::regclass AND k.conname = $2`,
    path,
    name,
  )

/** Its name, and how its rows are named: by the primary key, or where there is none by their place. */
const tableNamed = ({
  path,
}: Suspect): Query<'reads', { name: string; path: string; key: string; order: string }> =>
  selects<{ name: string; path: string; key: string; order: string }>(
    `SELECT n.nspname || '.' || c.relname AS name, format('%I.%I', n.nspname, c.relname) AS path,
       coalesce(format('concat_ws('' '', %s)', k.keys), '''ctid='' || t.ctid') AS key, coalesce(k.names, 't.ctid') AS order
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN LATERAL (SELECT string_agg(format('%L || t.%I', a.attname || '=', a.attname), ', ') AS keys,
         string_agg(format('t.%I', a.attname), ', ') AS names
       FROM pg_index i, unnest(i.indkey::int2[]) AS u (num) JOIN pg_attribute a ON a.attnum = u.num
       WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid) k ON true
     WHERE c.oid = $1::regclass`,
    path,
  )
