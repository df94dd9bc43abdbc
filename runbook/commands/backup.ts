import { foresee } from '../engine/perform-book.ts'
import { runBook } from '../engine/run-book.ts'
import type { Invocation } from './invocation.ts'
import { openBook } from './open-book.ts'
import { runReading } from './run-reading.ts'
import { UsageError } from './usage-error.ts'

/** The book's backup step alone, as a run of its own. Nothing is asked: it changes nothing. */
export const backup = async (invocation: Invocation): Promise<number> => {
  const open = await openBook(invocation)
  const { env, steps: all } = open.arrangement
  const steps = all.filter(({ role }) => role === 'backup')
  if (steps.length === 0)
    throw new UsageError(
      `the book has no step for ${env.name} that backs its database up`,
      'add backupDatabase() to what `deploy` gives for it',
    )
  const reading = { arrangement: { ...open.arrangement, entries: steps, steps } }
  const ended = await runReading('backup', invocation, open, reading, {
    locks: true,
    work: async ({ arrangement, context, usually }) => {
      await foresee(arrangement, context, usually)
      await runBook(arrangement.entries, context)
    },
  })
  return ended.exit
}
