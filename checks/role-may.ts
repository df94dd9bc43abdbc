import {
  defineCheck,
  fails,
  few,
  holds,
  type Look,
  selects,
  sqlName,
  type Verdict,
} from '../runbook/index.ts'
import { isDumped } from './reading/dumped-relations.ts'

/** A table by its exact name; without a schema, in the environment's. */
export type TableName = string | { schema: string; table: string }

/** What the role that the tool connects as may do. `alter` names the tables. */
export type Right = 'read everything' | 'create tables' | 'create databases' | { alter: readonly TableName[] }

/** The role of the database URL has a right that a step needs. */
export const roleMay = (right: Right) => {
  const { fact, remedy, look } = typeof right === 'string' ? rights[right] : mayAlter(right.alter)
  return defineCheck({ fact: `the role may ${fact}`, remedy, look })
}

interface Asked {
  fact: string
  remedy: string
  look(at: Look): Promise<Verdict>
}

const rights: Record<Exclude<Right, object>, Asked> = {
  'read everything': {
    fact: 'read every table',
    remedy: 'GRANT pg_read_all_data TO <role>, or use the role that owns the tables',
    look: async ({ see }) => {
      // Row-level security makes pg_dump refuse a table of which it would get only some rows.
      const closed = await see(
        selects<{ role: string; name: string; policed: boolean }>(
          `SELECT current_user AS role, format('%I.%I', n.nspname, c.relname) AS name, row_security_active(c.oid) AS policed
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'S') AND ${isDumped} AND NOT (
             has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
             AND NOT row_security_active(c.oid))
           ORDER BY name`,
        ),
      )
      if (closed.length === 0) return holds('every table and sequence')
      const { role, policed } = closed[0]!
      return fails(
        `${role} may not read all of ${few(
          closed.map(({ name }) => name),
          10,
        )}`,
        {
          remedy: policed
            ? `row-level security hides rows from it: ALTER ROLE ${sqlName(role)} BYPASSRLS`
            : `GRANT pg_read_all_data TO ${sqlName(role)}, or use the role that owns the tables`,
        },
      )
    },
  },
  'create tables': {
    fact: 'create tables in the schema',
    remedy: 'GRANT CREATE ON SCHEMA <schema> TO <role>, or use the role that owns the schema',
    look: async ({ see, env }) => {
      const schema = env.database?.schema ?? 'public'
      const [found] = await see(
        selects<{ role: string; may: boolean | null }>(
          `SELECT current_user AS role, has_schema_privilege(to_regnamespace(quote_ident($1)), 'CREATE') AS may`,
          schema,
        ),
      )
      if (found!.may === null) return fails(`there is no schema ${schema}`)
      return found!.may
        ? holds(`in ${schema}`)
        : fails(`${found!.role} may not create in schema ${schema}`, {
            remedy: `GRANT CREATE ON SCHEMA ${sqlName(schema)} TO ${sqlName(found!.role)}`,
          })
    },
  },
  'create databases': {
    fact: 'create databases',
    remedy: 'ALTER ROLE <role> CREATEDB, or use a role that may',
    look: async ({ see }) => {
      const [found] = await see(
        selects<{ role: string; may: boolean }>(
          'SELECT rolname AS role, rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
        ),
      )
      return found!.may
        ? holds(found!.role)
        : fails(`${found!.role} may not create databases`, {
            remedy: `ALTER ROLE ${sqlName(found!.role)} CREATEDB`,
          })
    },
  },
}

/** Only the owner of a table, a member of the owner, or a superuser may alter it. Tables that do not exist yet are nobody's. */
const mayAlter = (tables: readonly TableName[]): Asked => ({
  fact: `alter ${tables.map((one) => (typeof one === 'string' ? one : `${one.schema}.${one.table}`)).join(', ')}`,
  remedy: 'use the role that owns the table, or ALTER TABLE … OWNER TO it',
  look: async ({ see, env }) => {
    const own = env.database?.schema ?? 'public'
    const wanted = tables.map((one) => (typeof one === 'string' ? { schema: own, table: one } : one))
    const others = await see(
      selects<{ role: string; name: string; owner: string }>(
        `SELECT current_user AS role, format('%I.%I', n.nspname, c.relname) AS name, c.relowner::regrole::text AS owner
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE (n.nspname::text, c.relname::text) IN (SELECT * FROM unnest($1::text[], $2::text[]))
           AND NOT pg_has_role(c.relowner, 'USAGE')
         ORDER BY name`,
        wanted.map(({ schema }) => schema),
        wanted.map(({ table }) => table),
      ),
    )
    if (others.length === 0) return holds('as owner')
    return fails(
      `${others[0]!.role} does not own ${few(
        others.map(({ name, owner }) => `${name} (${owner} does)`),
        10,
      )}`,
    )
  },
})
