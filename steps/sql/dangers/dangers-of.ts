import type { AlterTableStmt, Node, RangeVar } from 'libpg-query'
import type { Danger } from '../../../runbook/index.ts'
import type { ParsedStatement } from '../script.ts'
import { clauseRules } from './clause-rules.ts'
import { nameOf } from './names.ts'
import type { Rules, Situation } from './rule.ts'
import { statementRules } from './statement-rules.ts'

/** Statements that are one transaction. */
export interface SqlFile {
  /** Where there are several of them. */
  readonly name?: string
  readonly statements: readonly ParsedStatement[]
}

/**
 * The usual dangers of changing a schema that is in use, known from the SQL alone. What the files make themselves is in
 * nobody's use yet.
 */
export const dangersOf = (files: readonly SqlFile[], schema: string): Danger[] => {
  const made = new Set<string>()
  const key = (name: string, of = schema) => JSON.stringify([of, name])
  const isNew = ({ schemaname, relname }: RangeVar) => made.has(key(relname!, schemaname))
  return files.flatMap(({ name, statements }) => {
    const locked: Situation['locked'] = new Map()
    return statements.flatMap(({ node, line }) => {
      const where = `line ${line}${name ? ` of ${name}` : ''}`
      const found = statementDangers(node, { isNew, locked }).map(({ what, ...advice }) => ({
        ...advice,
        what: `${where}: ${what}`,
      }))
      for (const table of madeBy(node)) made.add(key(table.name, table.schema))
      const altered = 'AlterTableStmt' in node ? node.AlterTableStmt.relation : undefined
      if (altered && !isNew(altered) && !locked.has(nameOf(altered))) locked.set(nameOf(altered), line)
      return found
    })
  })
}

const statementDangers = (node: Node, situation: Situation): Danger[] => [
  ...judged(statementRules, node, situation),
  ...('AlterTableStmt' in node ? clausesOf(node.AlterTableStmt) : []).flatMap((clause) =>
    situation.isNew(clause.relation) ? [] : judged(clauseRules, clause, situation),
  ),
]

const judged = <T>(rules: Rules<T>, subject: T, situation: Situation): Danger[] =>
  Object.entries(rules).flatMap(([rule, see]) => {
    const advice = see(subject, situation)
    return advice ? [{ rule, ...advice }] : []
  })

const clausesOf = ({ objtype, relation, cmds = [] }: AlterTableStmt) =>
  objtype !== 'OBJECT_TABLE'
    ? []
    : cmds.flatMap((command) => {
        if (!('AlterTableCmd' in command)) return []
        const { subtype = '', name = '', def } = command.AlterTableCmd
        const column = def && 'ColumnDef' in def ? def.ColumnDef : undefined
        const own = def && 'Constraint' in def ? [def.Constraint] : []
        const inline = (column?.constraints ?? []).flatMap((one) =>
          'Constraint' in one ? one.Constraint : [],
        )
        return [
          {
            relation: relation!,
            table: nameOf(relation!),
            subtype: subtype as string,
            name,
            column,
            constraints: [...own, ...inline],
          },
        ]
      })

/** Relations, also indexes: a name stands for one of them only. */
const madeBy = (node: Node): { name: string; schema?: string }[] => {
  const from = (relation: RangeVar | undefined) =>
    relation?.relname
      ? [{ name: relation.relname, ...(relation.schemaname && { schema: relation.schemaname }) }]
      : []
  if ('CreateStmt' in node) return from(node.CreateStmt.relation)
  if ('CreateTableAsStmt' in node) return from(node.CreateTableAsStmt.into?.rel)
  if ('ViewStmt' in node) return from(node.ViewStmt.view)
  if ('IndexStmt' in node && node.IndexStmt.idxname)
    return from({ ...node.IndexStmt.relation, relname: node.IndexStmt.idxname })
  return []
}
