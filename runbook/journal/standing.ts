import type { Event } from '../model/event.ts'
import { readTranscript } from './runs.ts'

/** Where a run stands that goes on, as its transcript tells: '"Build the application"'. Undefined where it is not here. */
export const standingOf = async (journal: string): Promise<string | undefined> => {
  try {
    return standing((await readTranscript(journal, { outputs: false })).events)
  } catch {
    return undefined
  }
}

/** A question that waits for its answer holds everything up; otherwise the steps that have begun and not ended. */
export const standing = (events: readonly Event[]): string => {
  const running = new Map<string, string>()
  let asked: string | undefined
  let begun = false
  for (const event of events) {
    if (event.type === 'asked') asked = event.question
    if (event.type === 'answered') asked = undefined
    if (event.type === 'step-started') running.set(event.step, event.title)
    if (event.type === 'step-done' || event.type === 'step-skipped' || event.type === 'step-failed')
      running.delete(event.step)
    begun ||= event.type === 'step-started'
  }
  if (asked !== undefined) return `the question "${asked}"`
  const titles = [...running.values()].map((title) => `"${title}"`)
  return titles.join(' and ') || (begun ? 'between two steps' : 'its checklist or its plan')
}
