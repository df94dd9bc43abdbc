import { send } from '../doors/web.ts'
import { nextCommands } from '../journal/next-commands.ts'
import type { Book } from '../model/book.ts'
import type { Ended } from '../model/exit.ts'
import { failureOf } from '../model/failure.ts'
import { type Notice, type Occasion, sentenceFor } from '../model/notice.ts'
import type { Notifier } from '../model/notifier.ts'
import type { RunContext } from './run-context.ts'

/** How long one who is told may take to answer. Milliseconds. */
const PATIENCE = 3000

/** What is told of a run: that it begins, once it was confirmed, and how it ended. */
export interface Notices {
  begin(revision: Notice['revision'] | null): void
  /** Waits for those who are told, for a moment at most; of a run that did not begin nothing is told. */
  end(ended: Ended, ms: number): Promise<void>
}

type About = Pick<Notice, 'run' | 'command' | 'operator' | 'machine' | 'resumed'>

/**
 * Tells those whom the book names, beside the run. Whatever comes of it is said in a line and recorded, and never ends or
 * fails the run.
 */
export const notices = ({ name, notify = [] }: Book, about: About, context: RunContext): Notices => {
  const { env } = context
  const telling: Promise<void>[] = []
  let begun: Notice['revision'] | null | undefined
  const tell = (occasion: Occasion, more: Partial<Notice>) => {
    const revision = context.state.revision ?? begun
    const notice: Notice = context.recorder.redacted({
      ...{ occasion, ...about, book: name, env: env.name },
      at: context.doors.clock.now().toISOString(),
      ...(revision && { revision }),
      ...more,
    })
    for (const notifier of notify)
      if (notifier.on.includes(occasion) && (notifier.in?.includes(env.name) ?? true))
        telling.push(tellOne(notifier, notice, context))
  }
  return {
    begin: (revision) => {
      begun = revision
      tell('start', {})
    },
    end: async (ended, ms) => {
      if (begun !== undefined) tell(occasionOf(ended), endOf(ended, ms, context))
      await Promise.all(telling)
    },
  }
}

const occasionOf = ({ verdict }: Ended): Occasion => {
  if (verdict === 'done') return 'success'
  return verdict === 'rolled-back' ? 'rollback' : 'failure'
}

const endOf = ({ verdict, exit, failure }: Ended, ms: number, { state }: RunContext): Partial<Notice> => {
  const step = [...state.steps.values()].find(({ state }) => state.is === 'failed')?.title
  const { goOn, back } = nextCommands(verdict, state)
  const next = failure ? [goOn, back].filter((command) => command !== undefined) : []
  return {
    ...{ verdict, exit, ms },
    ...(failure && { failed: { ...(step && { step }), sentence: sentenceFor(failure) } }),
    ...(next.length && { next }),
  }
}

const WHAT: Record<Occasion, string> = {
  start: 'that it begins',
  success: 'that it is done',
  failure: 'that it failed',
  rollback: 'that it was rolled back',
}

const tellOne = async (notifier: Notifier, notice: Notice, context: RunContext): Promise<void> => {
  const { clock } = context.doors
  const began = clock.monotonic()
  const { holds, seen } = await answerOf(notifier, notice, context).catch((error) => {
    const failure = failureOf(error)
    return { holds: false, seen: failure.kind === 'request-failed' ? failure.message : sentenceFor(failure) }
  })
  try {
    context.recorder.record({
      type: 'looked',
      side: 'after',
      fact: `${notifier.name} was told ${WHAT[notice.occasion]}`,
      holds,
      seen,
      ms: Math.round(clock.monotonic() - began),
      notified: notifier.name,
    })
  } catch {
    // A transcript that cannot be written any more is found out by the run itself.
  }
}

/** An interrupt does not stop it: that is what is told. */
const answerOf = async (
  notifier: Notifier,
  notice: Notice,
  { doors: { secrets, clock } }: RunContext,
): Promise<{ holds: boolean; seen: string }> => {
  const { url, headers, json } = notifier.message(notice, (text) => secrets.text(text))
  const { status, ms } = await send(
    {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(json),
      timeout: PATIENCE,
      printed: notifier.name,
    },
    new AbortController().signal,
    clock,
  )
  const holds = status >= 200 && status < 300
  return { holds, seen: holds ? `${status} in ${ms} ms` : `it answered ${status}` }
}
