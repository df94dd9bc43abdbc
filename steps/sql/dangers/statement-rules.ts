import type { Node, RangeVar } from 'libpg-query'
import { droppedBy, nameOf } from './names.ts'
import type { Rules } from './rule.ts'

/** The dangers of whole statements on what was there before, a rule an entry. */
export const statementRules: Rules<Node> = {
  'index-without-concurrently': (node, { isNew, locked }) => {
    if (!('IndexStmt' in node) || node.IndexStmt.concurrent || isNew(node.IndexStmt.relation!)) return
    const table = nameOf(node.IndexStmt.relation!)
    return {
      what: `CREATE ${node.IndexStmt.unique ? 'UNIQUE ' : ''}INDEX on ${table} without CONCURRENTLY`,
      because: `nobody can ${locked.has(table) ? 'read or ' : ''}write ${table} while it is built${node.IndexStmt.unique ? '; rows that are alike make it fail' : ''}`,
      instead: 'CREATE INDEX CONCURRENTLY, alone and outside of a transaction',
    }
  },

  'index-dropped': (node, { isNew }) => {
    if (!('DropStmt' in node) || node.DropStmt.removeType !== 'OBJECT_INDEX' || node.DropStmt.concurrent)
      return
    const old = droppedBy(node.DropStmt.objects ?? []).filter((one) => !isNew(one))
    return (
      old.length > 0 && {
        what: `DROP INDEX ${old.map(nameOf).join(', ')} without CONCURRENTLY`,
        because: 'nobody can read or write its table until all of this is committed',
        instead: 'DROP INDEX CONCURRENTLY, alone and outside of a transaction',
      }
    )
  },

  'drop-table': (node, { isNew }) => {
    const word = 'DropStmt' in node ? droppable[node.DropStmt.removeType!] : undefined
    if (!word || !('DropStmt' in node)) return
    const old = droppedBy(node.DropStmt.objects ?? []).filter((one) => !isNew(one))
    const cascades = node.DropStmt.behavior === 'DROP_CASCADE'
    return (
      old.length > 0 && {
        what: `DROP ${word} ${old.map(nameOf).join(', ')}${cascades ? ' CASCADE' : ''}`,
        because: `code that runs now and knows ${old.length > 1 ? 'them' : 'it'} fails at once${cascades ? '; CASCADE drops what depends on it too, whatever that is' : ''}`,
        instead: `deploy code that does not know it first; drop it in a later deployment${cascades ? ', and name all of it' : ''}`,
      }
    )
  },

  rename: (node, { isNew }) => {
    const renamed = renamedBy(node)
    return (
      renamed &&
      !(renamed.relation && isNew(renamed.relation)) && {
        what: renamed.what,
        because: 'code that runs now knows the old name only, new code the new one: one of them fails',
        instead:
          'add the new one beside it, keep both filled, switch the application over, drop the old one later',
      }
    )
  },

  truncate: (node, { isNew }) => {
    const old =
      'TruncateStmt' in node ? relationsIn(node.TruncateStmt.relations).filter((one) => !isNew(one)) : []
    return (
      old.length > 0 && {
        what: `TRUNCATE ${old.map(nameOf).join(', ')}`,
        because: 'every row is gone, and nobody can read or write it until all of this is committed',
        instead: 'DELETE in batches what is not needed any more',
      }
    )
  },

  'all-rows-at-once': (node, { isNew, locked }) => {
    const { word, relation, where } = wholeWrite(node)
    return (
      relation &&
      !where &&
      !isNew(relation) &&
      locked.size === 0 && {
        what: `${word} of every row of ${nameOf(relation)}`,
        because:
          'nobody can change any of its rows until the last is written, and the table may grow to twice its size',
        instead: 'in batches of some thousand rows, each committed, in a `shell` step of its own',
      }
    )
  },

  'data-behind-a-lock': (node, { isNew, locked }) => {
    const [held] = locked
    const { word, relation } = wholeWrite(node)
    return (
      held &&
      relation &&
      !(isNew(relation) && word !== 'INSERT … SELECT') && {
        what: `${word} ${nameOf(relation)} in the transaction that has altered ${held[0]}`,
        because: `nobody can read or write ${held[0]}, locked in line ${held[1]}, until the last row is written`,
        instead: 'a file, and a step, of its own after this one; many rows in batches',
      }
    )
  },

  'lock-table': (node) =>
    'LockStmt' in node &&
    (node.LockStmt.mode ?? 0) >= SHARE && {
      what: `LOCK TABLE ${relationsIn(node.LockStmt.relations).map(nameOf).join(', ')}`,
      because: 'others wait until all of this is committed',
      instead: 'leave it out: each statement takes the lock that it needs',
    },

  'written-anew': (node) => {
    const words = wroteAnew(node)
    return (
      words !== undefined && {
        what: words,
        because: 'nobody can read or write it while all of it is written anew',
        instead: 'leave it to autovacuum; pg_repack does the same beside a running application',
      }
    )
  },

  'reindex-without-concurrently': (node) =>
    'ReindexStmt' in node &&
    !hasOption(node.ReindexStmt.params, 'concurrently') && {
      what: 'REINDEX without CONCURRENTLY',
      because: 'nobody can write the table, nor read through that index, while it is built',
      instead: 'REINDEX … CONCURRENTLY, alone and outside of a transaction',
    },

  'refresh-without-concurrently': (node, { isNew }) =>
    'RefreshMatViewStmt' in node &&
    !node.RefreshMatViewStmt.concurrent &&
    !isNew(node.RefreshMatViewStmt.relation!) && {
      what: `REFRESH MATERIALIZED VIEW ${nameOf(node.RefreshMatViewStmt.relation!)} without CONCURRENTLY`,
      because: 'nobody can read it while it is computed',
      instead: 'REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it',
    },
}

/** PostgreSQL's lockdefs.h: from here on, writers are kept out. */
const SHARE = 5

const droppable: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'TABLE',
  OBJECT_VIEW: 'VIEW',
  OBJECT_MATVIEW: 'MATERIALIZED VIEW',
  OBJECT_SCHEMA: 'SCHEMA',
  OBJECT_TYPE: 'TYPE',
  OBJECT_FUNCTION: 'FUNCTION',
}

const renamedBy = (node: Node): { what: string; relation?: RangeVar } | undefined => {
  if ('RenameStmt' in node) {
    const { renameType, relation, subname, newname } = node.RenameStmt
    if (renameType === 'OBJECT_COLUMN' && relation)
      return { relation, what: `RENAME ${nameOf(relation)}.${subname} TO ${newname}` }
    if (['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW'].includes(renameType!) && relation)
      return { relation, what: `RENAME ${nameOf(relation)} TO ${newname}` }
  }
  if ('AlterObjectSchemaStmt' in node && node.AlterObjectSchemaStmt.relation) {
    const { relation, newschema } = node.AlterObjectSchemaStmt
    return { relation, what: `SET SCHEMA ${newschema} of ${nameOf(relation)}` }
  }
  if ('AlterEnumStmt' in node && node.AlterEnumStmt.oldVal)
    return { what: `RENAME VALUE '${node.AlterEnumStmt.oldVal}' TO '${node.AlterEnumStmt.newVal}'` }
  return undefined
}

/** A statement that may write many rows; `where`: only some of them. */
const wholeWrite = (node: Node): { word: string; relation?: RangeVar; where: boolean } => {
  if ('UpdateStmt' in node)
    return { word: 'UPDATE', relation: node.UpdateStmt.relation!, where: !!node.UpdateStmt.whereClause }
  if ('DeleteStmt' in node)
    return { word: 'DELETE', relation: node.DeleteStmt.relation!, where: !!node.DeleteStmt.whereClause }
  const source = 'InsertStmt' in node ? node.InsertStmt.selectStmt : undefined
  if ('InsertStmt' in node && source && 'SelectStmt' in source && !source.SelectStmt.valuesLists)
    return { word: 'INSERT … SELECT', relation: node.InsertStmt.relation!, where: true }
  return { word: '', where: true }
}

const wroteAnew = (node: Node): string | undefined => {
  if ('ClusterStmt' in node) return 'CLUSTER'
  return 'VacuumStmt' in node && hasOption(node.VacuumStmt.options, 'full') ? 'VACUUM FULL' : undefined
}

const hasOption = (options: readonly Node[] = [], name: string): boolean =>
  options.some((option) => 'DefElem' in option && option.DefElem.defname === name)

const relationsIn = (nodes: readonly Node[] = []): RangeVar[] =>
  nodes.flatMap((node) => ('RangeVar' in node ? node.RangeVar : []))
