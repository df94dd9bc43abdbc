import { changes, type Text } from '../../runbook/index.ts'

/**
 * A command of pm2. Its daemon, where it has to be started, and whatever is started, keep for good what pm2 is called with:
 * that is little, and these of the book's variables. A restart hands a process what pm2 is called with only by
 * `--update-env`.
 */
export const pm2 = (
  args: readonly string[],
  { variables = [], env }: { variables?: readonly string[]; env?: Readonly<Record<string, Text>> } = {},
) => ({ ...changes('pm2', ...args), outlives: variables, ...(env && { env }) })
