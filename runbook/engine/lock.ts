import { join } from 'node:path'
import { takeDatabaseLock } from '../doors/database-lock.ts'
import { type Holder, takeLockFile } from '../doors/lock-file.ts'
import { Failed } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'

/**
 * One run at a time on an environment: a file beside the transcripts, and an advisory lock where there is a
 * database. Gives back how to free it.
 */
export const lockEnvironment = async (
  book: string,
  holder: Holder,
  stateDir: string,
  context: RunContext,
): Promise<() => Promise<void>> => {
  const { env, recorder, doors } = context
  const file = takeLockFile(join(stateDir, 'locks', env.name), holder)
  if ('heldBy' in file) throw lockedBy(file.heldBy)
  if (file.takenOverFrom)
    recorder.record({
      type: 'looked',
      side: 'needs',
      fact: `no other run holds ${env.name}`,
      holds: true,
      seen: `taken over from run ${file.takenOverFrom.run}, whose process ${file.takenOverFrom.pid} is gone`,
      ms: 0,
    })
  try {
    if (!doors.database) return async () => file.free()
    const lock = await takeDatabaseLock(doors.database, `${book}:${env.name}`, holder)
    if ('heldBy' in lock) throw lockedBy(lock.heldBy)
    return async () => {
      await lock.free()
      file.free()
    }
  } catch (error) {
    file.free()
    throw error
  }
}

const lockedBy = (holder: Holder | undefined): Failed =>
  new Failed({
    kind: 'locked',
    run: holder?.run ?? 'unknown',
    holder: holder
      ? `${holder.operator} on ${holder.machine}, pid ${holder.pid}`
      : 'another session of this database',
    since: holder?.since ?? 'unknown',
  })
