import { lastIn } from '../journal/history.ts'
import { describe, movedSince } from './as-left.ts'
import { headOf } from './revisions-now.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** The last run that changed the environment, by its ledger, and whether HEAD is as it left it; a line each. */
export const lastRunLines = async (context: RunContext): Promise<string[]> => {
  const { ledger } = context
  const last = lastIn(await ledger.history())
  const { damaged } = await ledger.read()
  const unread = damaged.length ? [unreadable(damaged, (await ledger.place()).file.printed)] : []
  if (!last) {
    const { file, shared } = await ledger.place()
    return [
      shared ? `none, by ${file.printed}` : 'none is recorded here; what others did is not known',
      ...unread,
    ]
  }
  const look = lookOf(context, undefined)
  const moved = await movedSince(last, await headOf(look), look)
  return [describe(last), ...(moved ? [`since then ${moved}`] : []), ...unread]
}

/** 'line 7 of …/ledger.jsonl cannot be read: what it tells of is not known' */
export const unreadable = (damaged: readonly number[], path: string): string =>
  `line ${damaged.join(', ')} of ${path} cannot be read: what it tells of is not known`
