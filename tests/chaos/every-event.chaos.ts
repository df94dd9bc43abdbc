import { expect, test } from 'vitest'
import { eventsOfParallelBook, fewAtATime, hitAndResume } from '../rig/parallel-book.ts'
import { someOf, tell } from './tally.ts'

test('a run with parallel steps, killed at each of its events', async () => {
  const events = someOf(await eventsOfParallelBook())
  await fewAtATime(events, (event) => hitAndResume(event, 'SIGKILL'))
  tell('killed-parallel', `${events.length} events, each finished by resume, each step performed once`)
})

test('a run with parallel steps, told to stop at each of its events', async () => {
  const events = someOf(await eventsOfParallelBook())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    await fewAtATime(events, (event) => hitAndResume(event, signal))
  expect(events.length).toBeGreaterThan(0)
  tell(
    'signals',
    `3 signals at ${events.length} events each: no child left, the lock free, finished afterwards`,
  )
})
