import type { Check, Verdict } from '../model/check.ts'
import type { Side } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { Failed, failureOf, type Unmet } from '../model/failure.ts'
import type { Look } from '../model/look.ts'
import { recordKnown } from './call-known.ts'
import type { RunContext } from './run-context.ts'

/** What a check said, as an unmet fact where it does not hold. */
export interface Looked {
  verdict: Verdict
  unmet?: Unmet
}

/** Looks at one fact, patiently where the check says so, and records the verdict. */
export const lookAt = async (
  check: Check,
  { look, context, step, side, patient = true }: LookAtOptions,
): Promise<Looked> => {
  const { clock } = context.doors
  const began = clock.monotonic()
  let verdict = verdictOf(check, await judge(check, look))
  const { every, upTo } = (patient && check.patience) || { every: 0, upTo: 0 }
  while (!verdict.holds && !verdict.final && clock.monotonic() - began < upTo) {
    await look.sleep(every)
    verdict = verdictOf(check, await judge(check, look))
  }
  const { holds, seen, tail, untold } = verdict
  const remedy = verdict.remedy ?? check.remedy
  context.recorder.record({
    type: 'looked',
    ...(step && { step }),
    side,
    fact: check.fact,
    holds,
    seen,
    ...(holds && untold && { untold }),
    ...(!holds && { remedy }),
    ...(tail && { tail }),
    ms: Math.round(clock.monotonic() - began),
  })
  if (holds && verdict.known) recordKnown({ seen, known: verdict.known, step }, 'flag', context)
  const past = verdict.known ? { known: verdict.known } : {}
  return holds ? { verdict } : { verdict, unmet: { fact: check.fact, seen, remedy, ...past } }
}

export interface LookAtOptions {
  look: Look
  context: RunContext
  step?: string
  side: Side
  patient?: boolean
}

/** A look that cannot be made is a fact that does not hold; why not is what was seen. */
const judge = async (check: Check, look: Look): Promise<Verdict> => {
  try {
    return await check.look(look)
  } catch (error) {
    look.signal.throwIfAborted()
    if (!(error instanceof Failed)) throw error
    const { sentence, remedy, detail } = explain(failureOf(error))
    return { holds: false, seen: sentence, remedy, ...(detail && { tail: detail }) }
  }
}

/** A check of a book that forgets what it has seen would otherwise say that something is not so, and nothing of why. */
const verdictOf = ({ fact }: Check, given: Verdict): Verdict => {
  const { holds, seen }: { holds?: unknown; seen?: unknown } = given ?? {}
  if (typeof holds === 'boolean' && typeof seen === 'string') return given
  const message = `the check “${fact}” must give holds('…') or fails('…'), with what was seen as a text`
  throw new Failed({ kind: 'bug', message, stack: '' })
}

/** Looks at all of them, and throws one failure that names each one that does not hold. */
export const demand = async (
  kind: 'before-unmet' | 'after-unmet',
  checks: readonly Check[],
  options: LookAtOptions,
): Promise<void> => {
  const unmet: Unmet[] = []
  let tail: string | undefined
  for (const check of checks) {
    // After the first that fails there is nothing left to wait for.
    const looked = await lookAt(check, { ...options, patient: unmet.length === 0 })
    if (looked.unmet) unmet.push(looked.unmet)
    // What fails after the first mostly follows from it, and would show the same log again.
    if (looked.unmet) tail ??= looked.verdict.tail
  }
  if (unmet.length) throw new Failed({ kind, unmet, ...(tail && { tail }) })
}
