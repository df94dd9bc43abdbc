import { duration } from '../model/duration.ts'
import type { Limits } from '../model/limits.ts'

/** How long an action may take and how often it is tried, behind it: '  (up to 1 h; tried 3 times where nothing was begun)'. */
export const limitsText = ({ timeout, retry: { tries, pause, on } }: Limits): string => {
  const parts = [
    ...(timeout ? [`up to ${span(timeout)}`] : []),
    ...(tries > 1 ? [`tried ${tries} times, ${span(pause)} apart, ${on.map(when).join(' or ')}`] : []),
  ]
  return parts.length ? `  (${parts.join('; ')})` : ''
}

const when = (reason: Limits['retry']['on'][number]): string => {
  if (typeof reason === 'number') return `after exit ${reason}`
  return {
    'not-begun': 'where nothing was begun',
    locked: 'where others hold a lock',
    timeout: 'after a timeout',
    failed: 'after a failure',
  }[reason]
}

/** As a person says it where it is round: '10 min', '1 h'. */
export const span = (ms: number): string => {
  const units = [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? []
  return size ? `${ms / size} ${unit}` : duration(ms)
}
