import { systemClock } from '../doors/clock.ts'
import { openContext } from '../engine/open-context.ts'
import { demandRightTarget } from '../engine/right-target.ts'
import type { RunContext } from '../engine/run-context.ts'
import { EXIT, exitOf } from '../model/exit.ts'
import { failureOf } from '../model/failure.ts'
import { jsonLine } from '../model/unseen.ts'
import { failureText } from '../render/outcome-text.ts'
import type { Invocation } from './invocation.ts'
import { type OpenBook, openBook } from './open-book.ts'
import { UsageError } from './usage-error.ts'

/** What is needed to look; the caller closes it. */
export const contextToLook = (
  { arrangement: { book, env, steps }, bookFolder, stateDir }: OpenBook,
  { variables, cwd, signal, options }: Invocation,
): ReturnType<typeof openContext> =>
  openContext({
    ...{ book, env, steps, bookFolder, stateDir, variables, cwd, signal },
    stamp: '‹stamp›',
    name: 'runbook look',
    ask: async () => '',
    answers: { yes: false, ...(options.allow && { allow: options.allow }) },
    clock: systemClock,
  })

/** Looks at the environment before a run of it has begun. */
export const looking = async <T>(
  open: OpenBook,
  invocation: Invocation,
  work: (context: RunContext) => Promise<T>,
  { anyTarget = false } = {},
): Promise<T> => {
  const { context, close } = contextToLook(open, invocation)
  try {
    if (!anyTarget) await demandRightTarget(context)
    return await work(context)
  } finally {
    await close()
  }
}

/**
 * The frame of every command that only looks: no lock, no transcript, no file. `anyTarget`: the work sees to that itself.
 * The work may give an exit status of its own.
 */
export const lookCommand = async (
  invocation: Invocation,
  work: (open: OpenBook, context: RunContext) => Promise<number> | Promise<void>,
  { anyTarget = false } = {},
): Promise<number> => {
  const open = await openBook(invocation)
  const { context, close } = contextToLook(open, invocation)
  if (invocation.options.json) context.recorder.onEvent((event) => invocation.out(`${jsonLine(event)}\n`))
  try {
    if (!anyTarget) await demandRightTarget(context)
    const exit = (await work(open, context)) ?? EXIT.done
    invocation.signal.throwIfAborted()
    return exit
  } catch (error) {
    // A name that is not there is no bug: it is answered as everywhere else.
    if (error instanceof UsageError && !invocation.signal.aborted) throw error
    const failure = context.recorder.redacted(
      failureOf(invocation.signal.aborted ? invocation.signal.reason : error),
    )
    invocation.say(`${failureText(failure, undefined, invocation.paint)}\n`)
    return exitOf(failure, { changed: false })
  } finally {
    await close()
  }
}
