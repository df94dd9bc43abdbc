import type { Node } from 'libpg-query'

/** Whether an index is made, dropped or made anew, or a partition detached, beside those who write. */
export const isConcurrent = (node: Node): boolean =>
  ('IndexStmt' in node && !!node.IndexStmt.concurrent) ||
  ('DropStmt' in node && !!node.DropStmt.concurrent) ||
  ('ReindexStmt' in node && JSON.stringify(node.ReindexStmt.params ?? []).includes('"concurrently"')) ||
  ('AlterTableStmt' in node && JSON.stringify(node.AlterTableStmt).includes('"concurrent":true'))
