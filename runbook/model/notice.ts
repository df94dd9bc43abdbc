import { duration } from './duration.ts'
import type { RunVerdict } from './event.ts'
import { explain } from './explain.ts'
import type { Failure } from './failure.ts'
import { beginningOf } from './hidden.ts'

export const OCCASIONS = ['start', 'success', 'failure', 'rollback'] as const
/** When a run tells of itself. */
export type Occasion = (typeof OCCASIONS)[number]

/** What a run tells of itself; never what a program has printed. */
export type Notice = {
  readonly occasion: Occasion
  readonly run: string
  readonly book: string
  readonly env: string
  /** `deploy`, `rollback`, `restore`, or the name of a procedure. */
  readonly command: string
  readonly operator: string
  readonly machine: string
  /** When; ISO 8601. */
  readonly at: string
  /** It had begun before, and goes on. */
  readonly resumed?: true
  readonly revision?: { readonly from: string; readonly to: string }
  readonly verdict?: RunVerdict
  readonly exit?: number
  /** Milliseconds. */
  readonly ms?: number
  readonly failed?: { readonly step?: string; readonly sentence: string }
  /** What to type next. */
  readonly next?: readonly string[]
}

/** A notice as one sentence: 'deploy of shop to production: done in 41.2 s'. */
export const summaryOf = ({ occasion, command, book, env, verdict, ms, failed, resumed }: Notice): string => {
  const what = `${command} of ${book} ${command === 'deploy' ? 'to' : 'in'} ${env}`
  if (occasion === 'start') return `${what} ${resumed ? 'goes on' : 'begins'}`
  const after = duration(ms ?? 0)
  if (occasion === 'success') return `${what}: done in ${after}`
  const where = failed?.step ? ` in “${failed.step}”` : ''
  const why = failed ? `${where}: ${failed.sentence}` : ''
  if (occasion === 'rollback')
    return command === 'rollback'
      ? `${what}: rolled back in ${after}`
      : `${what} failed and was ROLLED BACK after ${after}${why}`
  if (verdict === 'interrupted') return `${what} was INTERRUPTED after ${after}${where}`
  return `${what} FAILED${verdict === 'rollback-failed' && command !== 'rollback' ? ', and so did its rollback,' : ''} after ${after}${why}`
}

/** What else it says, a line each. */
export const detailsOf = ({ revision, operator, machine, run, next = [] }: Notice): string[] => [
  ...(revision ? [`${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}`] : []),
  `by ${operator} on ${machine}, run ${run}`,
  ...next.map((command) => `next: ${command}`),
]

/** Why it failed, in a line without what was seen, which may be a line of a log. */
export const sentenceFor = (failure: Failure): string => {
  const unmet = failure.kind === 'before-unmet' || failure.kind === 'after-unmet' ? failure.unmet : undefined
  const sentence = unmet
    ? `not so: ${unmet.map(({ fact }) => fact).join('; ')}`
    : explain(failure).sentence.split('\n', 1)[0]!
  return beginningOf(sentence, LONGEST)
}
const LONGEST = 300
