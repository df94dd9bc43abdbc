import type { Happening } from '../model/event.ts'

/** How long the parts of a run took, from its transcript; milliseconds. The time in which it lay still is in none. */
export interface Times {
  /** Of all parts before the one that goes on. */
  earlier: number
  /** For how long, in all parts, nothing was done but to wait for an answer. */
  waited: number
  /** A part was killed: how long it went on after its last line nobody knows. */
  atLeast: boolean
  /** Whether this part has come to its end. */
  over: boolean
  /** When this part began, and when something happened last; milliseconds since 1970. */
  began: number
  last: number
  /** The question that waits for its answer. */
  asked: { step?: string } | undefined
  /** The actions that go on: what is done beside a question is no waiting. */
  acting: Set<string>
}

export const newTimes = (): Times => ({
  ...{ earlier: 0, waited: 0, began: 0, last: 0, atLeast: false, over: true },
  asked: undefined,
  acting: new Set(),
})

/** A wall clock that is set back makes no time negative. */
export const timePasses = (times: Times, event: Happening & { at: string }): void => {
  const at = Date.parse(event.at)
  if (event.type === 'run-started') {
    times.earlier += Math.max(0, times.last - times.began)
    times.atLeast ||= !times.over
    Object.assign(times, { began: at, last: at, asked: undefined, over: false })
    times.acting.clear()
    return
  }
  if (isWaiting(times)) times.waited += Math.max(0, at - times.last)
  times.last = Math.max(times.last, at)
  if (event.type === 'run-ended') times.over = true
  if (event.type === 'asked') times.asked = event.step === undefined ? {} : { step: event.step }
  if (event.type === 'answered') times.asked = undefined
  if (event.type === 'action-started') times.acting.add(keyOf(event))
  if (event.type === 'action-ended') times.acting.delete(keyOf(event))
}

/** An instruction to a person is an action too, and asks. */
const isWaiting = ({ asked, acting }: Times): boolean =>
  asked !== undefined &&
  [...acting].every((key) => asked.step !== undefined && key.startsWith(`${asked.step} `))

const keyOf = ({ step, action }: { step: string; action: string }): string => `${step} ${action}`
