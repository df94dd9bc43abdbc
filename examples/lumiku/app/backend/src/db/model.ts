import type { Pool } from 'pg'

type Where<Row> = { [Column in keyof Row]?: Row[Column] | { in: Row[Column][] } }

/** What the code can do with one table. */
export type Model<Row> = {
  create(input: { data: Partial<Row> }): Promise<Row>
  findFirst(input: { where: Where<Row> }): Promise<Row | null>
  findMany(input: { where: Where<Row>; orderBy?: { [Column in keyof Row]?: 'asc' | 'desc' } }): Promise<Row[]>
  deleteMany(input: { where: Where<Row> }): Promise<{ count: number }>
}

const quote = (name: string) => `"${name}"`

/** A table as an object. Table and column names come from the source alone, values are always parameters. */
export function model<Row extends object>(
  pool: Pool,
  table: string,
  columns: readonly (keyof Row & string)[],
): Model<Row> {
  const everything = columns.map(quote).join(', ')

  function conditions(where: Where<Row>): { sql: string; values: unknown[] } {
    const parts = Object.entries(where).map(([column, wanted], index) => {
      const several = isList(wanted)
      return {
        sql: `${quote(column)} = ${several ? `ANY($${index + 1})` : `$${index + 1}`}`,
        value: several ? wanted.in : wanted,
      }
    })
    const sql = parts.length > 0 ? ` WHERE ${parts.map((part) => part.sql).join(' AND ')}` : ''
    return { sql, values: parts.map((part) => part.value) }
  }

  async function findMany({ where, orderBy = {} }: Parameters<Model<Row>['findMany']>[0]): Promise<Row[]> {
    const { sql, values } = conditions(where)
    const order = Object.entries(orderBy).map(([column, direction]) => `${quote(column)} ${direction}`)
    const sorted = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''
    return (await pool.query(`SELECT ${everything} FROM ${table}${sql}${sorted}`, values)).rows
  }

  return {
    async create({ data }) {
      const given = Object.entries(data).filter(([, value]) => value !== undefined)
      const names = given.map(([column]) => quote(column)).join(', ')
      const places = given.map((_, index) => `$${index + 1}`).join(', ')
      const sql = `INSERT INTO ${table} (${names}) VALUES (${places}) RETURNING ${everything}`
      return (
        await pool.query(
          sql,
          given.map(([, value]) => value),
        )
      ).rows[0]
    },
    async findFirst(input) {
      return (await findMany(input))[0] ?? null
    },
    findMany,
    async deleteMany({ where }) {
      const { sql, values } = conditions(where)
      return { count: (await pool.query(`DELETE FROM ${table}${sql}`, values)).rowCount ?? 0 }
    },
  }
}

function isList(wanted: unknown): wanted is { in: unknown[] } {
  return typeof wanted === 'object' && wanted !== null && 'in' in wanted
}
