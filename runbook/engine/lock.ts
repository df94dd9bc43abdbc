import { join } from 'node:path'
import { takeDatabaseLock } from '../doors/database-lock.ts'
import { type Holder, takeLockFile } from '../doors/lock-file.ts'
import type { Happening } from '../model/event.ts'
import { Failed } from '../model/failure.ts'
import type { RunContext } from './run-context.ts'
import type { Entered } from './with-run.ts'

/**
 * One run at a time on an environment: a file beside the transcripts, and an advisory lock where there is a
 * database.
 */
export const lockEnvironment = async (
  book: string,
  holder: Holder,
  stateDir: string,
  context: RunContext,
): Promise<Entered> => {
  const { env, doors } = context
  const folder = join(stateDir, 'locks', env.name)
  const file = takeLockFile(folder, holder)
  if ('heldBy' in file)
    throw lockedBy(file.heldBy, file.heldBy.machine === holder.machine ? undefined : folder)
  const found = file.takenOverFrom && takenOver(env.name, file.takenOverFrom)
  try {
    if (!doors.database) return { leave: async () => file.free(), ...(found && { found }) }
    const lock = await takeDatabaseLock(doors.database, `${book}:${env.name}`, holder, context.signal)
    if ('heldBy' in lock) throw lockedBy(lock.heldBy)
    const leave = () => lock.free().finally(() => file.free())
    return { leave, ...(found && { found }) }
  } catch (error) {
    file.free()
    throw error
  }
}

const takenOver = (env: string, { run, pid }: Holder): Happening => ({
  type: 'looked',
  side: 'needs',
  fact: `no other run holds ${env}`,
  holds: true,
  seen: `taken over from run ${run}, whose process ${pid} is gone`,
  ms: 0,
})

const lockedBy = (holder: Holder | undefined, file?: string): Failed =>
  new Failed({
    kind: 'locked',
    run: holder?.run ?? 'unknown',
    holder: holder
      ? `${holder.operator} on ${holder.machine}, pid ${holder.pid}`
      : 'another session of this database',
    since: holder?.since ?? 'unknown',
    ...(file && { file }),
  })
