import type { AlterTableStmt, Node, RangeVar } from 'libpg-query'
import { droppedBy } from './dangers/names.ts'

export interface Lock {
  readonly relation: RangeVar
  /** Whether readers are kept out too. */
  readonly readers: boolean
}

/** What a statement locks so that others must wait for it, as the documentation's chapter on explicit locking has it. */
export const locksIn = (node: Node): Lock[] => [
  ...own(node).flatMap((relation) => (relation ? { relation, readers: !onlyWriters(node) } : [])),
  ...referencedIn(node).map((relation) => ({ relation, readers: false })),
]

const own = (node: Node): (RangeVar | undefined)[] => {
  if ('IndexStmt' in node) return [node.IndexStmt.relation]
  if ('CreateTrigStmt' in node) return [node.CreateTrigStmt.relation]
  if ('AlterTableStmt' in node) return [node.AlterTableStmt.relation]
  if ('RenameStmt' in node) return [node.RenameStmt.relation]
  if ('AlterObjectSchemaStmt' in node) return [node.AlterObjectSchemaStmt.relation]
  if ('CreatePolicyStmt' in node) return [node.CreatePolicyStmt.table]
  if ('AlterPolicyStmt' in node) return [node.AlterPolicyStmt.table]
  if ('RuleStmt' in node) return [node.RuleStmt.relation]
  if ('ReindexStmt' in node) return [node.ReindexStmt.relation]
  if ('ClusterStmt' in node) return [node.ClusterStmt.relation]
  if ('RefreshMatViewStmt' in node) return [node.RefreshMatViewStmt.relation]
  if ('TruncateStmt' in node) return relations(node.TruncateStmt.relations)
  if ('LockStmt' in node) return relations(node.LockStmt.relations)
  // A partition is made under a lock on the whole.
  if ('CreateStmt' in node) return node.CreateStmt.partbound ? relations(node.CreateStmt.inhRelations) : []
  if ('DropStmt' in node && dropped.includes(node.DropStmt.removeType!))
    return droppedBy(node.DropStmt.objects ?? [])
  return []
}

const dropped = ['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_INDEX']

const onlyWriters = (node: Node): boolean =>
  'IndexStmt' in node ||
  'CreateTrigStmt' in node ||
  ('AlterTableStmt' in node && addsOnlyKeys(node.AlterTableStmt))

const addsOnlyKeys = ({ cmds = [] }: AlterTableStmt): boolean =>
  cmds.every((command) => {
    const { subtype, def } = 'AlterTableCmd' in command ? command.AlterTableCmd : {}
    if (subtype === 'AT_ValidateConstraint') return true
    return (
      subtype === 'AT_AddConstraint' &&
      !!def &&
      'Constraint' in def &&
      def.Constraint.contype === 'CONSTR_FOREIGN'
    )
  })

/** The tables that foreign keys point to: rows there may not go while the key is made. */
const referencedIn = (tree: unknown): RangeVar[] => {
  if (tree === null || typeof tree !== 'object') return []
  const table = 'pktable' in tree ? [tree.pktable as RangeVar] : []
  return [...table, ...Object.values(tree).flatMap(referencedIn)]
}

const relations = (nodes: readonly Node[] = []): RangeVar[] =>
  nodes.flatMap((node) => ('RangeVar' in node ? node.RangeVar : []))
