import { type Entry, phase, stepsOf } from '../model/book.ts'
import type { Environment } from '../model/environment.ts'
import type { Step } from '../model/step.ts'

/**
 * The steps of a book with the rehearsal of its migrations before everything else, and the backup that it works on before
 * that: what may turn out by it must be known before anything is changed. A book that does not say otherwise has one in a
 * protected environment.
 */
export const withRehearsal = (entries: readonly Entry[], env: Environment): readonly Entry[] => {
  // A way that may not be taken cannot be relied on.
  const steps = entries.flatMap(stepsOutsideOfWays)
  const rehearsal = steps.find(({ role }) => role === 'rehearsal') ?? usualRehearsal(entries, steps, env)
  if (!rehearsal?.ahead) return entries
  const ahead = [...rehearsal.ahead, rehearsal]
  const ids = new Set(ahead.map(({ id }) => id))
  return [phase('Rehearsal', ahead), ...entries.flatMap((entry) => without(ids, entry))]
}

/** What is performed before the operator is asked. */
export const isAhead = (entry: Entry): boolean =>
  stepsOf(entry).some(({ role, ahead }) => role === 'rehearsal' && ahead !== undefined)

const usualRehearsal = (
  entries: readonly Entry[],
  steps: readonly Step[],
  env: Environment,
): Step | undefined => {
  if (!env.protected || !env.database) return undefined
  if (!entries.flatMap(stepsOf).some(({ role }) => role === 'migration')) return undefined
  const backup = steps.find(({ rehearsal }) => rehearsal)
  return backup?.rehearsal?.(backup)
}

const stepsOutsideOfWays = (entry: Entry): Step[] =>
  entry.kind === 'step' ? [entry] : entry.kind === 'either' ? [] : entry.entries.flatMap(stepsOutsideOfWays)

const without = (ids: ReadonlySet<string>, entry: Entry): Entry[] => {
  if (entry.kind === 'step') return ids.has(entry.id) ? [] : [entry]
  if (entry.kind === 'either') return [entry]
  const entries = entry.entries.flatMap((inner) => without(ids, inner))
  return entries.length ? [{ ...entry, entries }] : []
}
