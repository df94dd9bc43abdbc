import type { AlterTableCmd, CreateStmt, DropStmt, Node, VariableSetStmt } from 'libpg-query'
import { callsOnlyKnown } from './harmless.ts'
import type { Ledger } from './ledger.ts'

/**
 * Why nothing is derived from a file with this statement; undefined where it is of a form whose whole effect is known
 * from its text, and whose names mean one thing only. The list is closed: a claim that rests on a statement that is only
 * nearly understood, such as a rename, has called migrations half done that were done, and has dropped what it should not.
 */
export const whyNotDerived = (node: Node, ledger: Ledger, several: boolean): string | undefined => {
  const [kind = ''] = Object.keys(node)
  if ('CreateStmt' in node) return whyNotTable(node.CreateStmt)
  if ('AlterTableStmt' in node) {
    const commands = (node.AlterTableStmt.cmds ?? []).flatMap((one) =>
      'AlterTableCmd' in one ? one.AlterTableCmd : [],
    )
    for (const command of commands) {
      const why = whyNotClause(command, node.AlterTableStmt.relation?.relname, ledger)
      if (why) return why
    }
    return undefined
  }
  if ('DropStmt' in node) return whyNotDrop(node.DropStmt, ledger)
  if ('VariableSetStmt' in node) return whyNotSetting(node.VariableSetStmt, several)
  if ('CreateExtensionStmt' in node)
    return node.CreateExtensionStmt.options?.some(
      (one) => 'DefElem' in one && one.DefElem.defname === 'cascade',
    )
      ? 'CASCADE may make more than it names'
      : undefined
  if ('CreateSchemaStmt' in node)
    return node.CreateSchemaStmt.schemaElts?.length ? 'it makes more than the schema' : undefined
  if ('CreateSeqStmt' in node)
    return node.CreateSeqStmt.sequence?.relpersistence === 't' || owned(node.CreateSeqStmt.options)
      ? 'the sequence goes with something else'
      : undefined
  if ('AlterEnumStmt' in node) return node.AlterEnumStmt.oldVal ? 'it renames' : undefined
  if (kind in whys) return whys[kind]
  if (!simple.has(kind)) return 'what follows from it is not known from its text'
  return callsOnlyKnown(node) ? undefined : 'a function that it calls may do more'
}

const whyNotTable = ({
  relation,
  inhRelations,
  partbound,
  tableElts = [],
}: CreateStmt): string | undefined => {
  if (relation?.relpersistence === 't') return 'a temporary table hides others of its name'
  if (inhRelations?.length || partbound) return 'it belongs to another table'
  return tableElts.every((one) => 'ColumnDef' in one || 'Constraint' in one)
    ? undefined
    : 'its columns are those of another table'
}

const whyNotClause = (
  { subtype = 'AT_AddColumn', behavior, def }: AlterTableCmd,
  table: string | undefined,
  ledger: Ledger,
): string | undefined => {
  if (behavior === 'DROP_CASCADE') return 'CASCADE may drop more than it names'
  if (subtype === 'AT_DropColumn')
    // Indexes and constraints go with the last of their columns.
    return ledger.hasOn(table ?? '') ? 'what the file has made on the column may go with it' : undefined
  if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def && def.Constraint.indexname)
    return ledger.indexOf(def.Constraint.indexname) ? undefined : 'it renames an index that was there before'
  return clauses.has(subtype) ? undefined : 'what follows from it is not known from its text'
}

/** Each does what it says and nothing else. */
const clauses = new Set<string>([
  ...['AT_AddColumn', 'AT_SetNotNull', 'AT_DropNotNull', 'AT_AlterColumnType', 'AT_ColumnDefault'],
  ...['AT_AddConstraint', 'AT_DropConstraint', 'AT_ValidateConstraint', 'AT_AlterConstraint'],
  ...['AT_AddIdentity', 'AT_SetIdentity', 'AT_DropIdentity', 'AT_DropExpression'],
  ...['AT_SetStatistics', 'AT_SetOptions', 'AT_ResetOptions', 'AT_SetStorage', 'AT_SetCompression'],
  ...['AT_SetRelOptions', 'AT_ResetRelOptions', 'AT_ReplicaIdentity', 'AT_ClusterOn', 'AT_DropCluster'],
  ...['AT_SetLogged', 'AT_SetUnLogged', 'AT_EnableTrig', 'AT_DisableTrig', 'AT_EnableTrigUser'],
  ...['AT_DisableTrigUser', 'AT_EnableRowSecurity', 'AT_DisableRowSecurity', 'AT_ForceRowSecurity'],
  'AT_NoForceRowSecurity',
])

const whyNotDrop = ({ behavior }: DropStmt, ledger: Ledger): string | undefined =>
  behavior === 'DROP_CASCADE' && ledger.hasAny ? 'CASCADE may drop what the file has made' : undefined

const whyNotSetting = (
  { kind, name = '', args = [] }: VariableSetStmt,
  several: boolean,
): string | undefined => {
  if (name === 'search_path') {
    if (several) return 'whether it is so for the next file too is not known'
    const path = args.map((one) =>
      'A_Const' in one && 'sval' in one.A_Const ? one.A_Const.sval?.sval : undefined,
    )
    const single = kind === 'VAR_SET_VALUE' && path.length === 1 && path[0] && !path[0].startsWith('$')
    return single ? undefined : 'a name without its schema may be in any of several'
  }
  if (name === 'role' || name === 'session_authorization') return 'it acts as another role'
  return settings.has(name.toLowerCase()) ? undefined : 'what the setting changes is not known'
}

const settings = new Set([
  ...['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'client_min_messages'],
  ...['standard_conforming_strings', 'check_function_bodies', 'xmloption', 'row_security', 'transaction'],
  ...['default_tablespace', 'default_table_access_method', 'maintenance_work_mem', 'work_mem'],
  ...['synchronous_commit', 'client_encoding', 'max_parallel_maintenance_workers'],
])

const owned = (options: readonly Node[] = []): boolean =>
  options.some((one) => 'DefElem' in one && one.DefElem.defname === 'owned_by')

/** They make or change one thing, or rows, and leave every other as it is. */
const simple = new Set([
  ...['IndexStmt', 'CreateEnumStmt', 'CompositeTypeStmt', 'CreateDomainStmt', 'CreateRangeStmt', 'ViewStmt'],
  ...['CreateFunctionStmt', 'CreateTrigStmt', 'CreatePolicyStmt', 'AlterPolicyStmt', 'CreateStatsStmt'],
  ...['CommentStmt', 'GrantStmt', 'AlterSeqStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'TruncateStmt'],
  ...['SelectStmt', 'LockStmt', 'NotifyStmt', 'VacuumStmt', 'VariableShowStmt', 'ConstraintsSetStmt'],
  ...['RefreshMatViewStmt', 'ReindexStmt', 'CreatePublicationStmt', 'AlterPublicationStmt'],
])

const whys: Readonly<Record<string, string>> = {
  RenameStmt: 'it renames',
  AlterObjectSchemaStmt: 'it moves something to another schema',
  AlterOwnerStmt: 'what belongs to another role is no longer this one’s to take back',
  DoStmt: 'what a block does is known only when it runs',
  CallStmt: 'what a procedure does is known only when it runs',
  ExecuteStmt: 'what it runs is not in it',
  CreateTableAsStmt: 'the columns are those of a query',
}
