import { expect, test } from 'vitest'
import { eventsOfParallelBook, hitAndResume } from '../rig/parallel-book.ts'
import { everyMoment, tell } from './tally.ts'

/** Most of it is waiting for processes to start. */
const AT_A_TIME = 3

test('a run with parallel steps, killed at each of its events', async () => {
  const events = await eventsOfParallelBook()
  const tried = await everyMoment(events, (event) => hitAndResume(event, 'SIGKILL'), AT_A_TIME)
  tell(
    'killed-parallel',
    `${tried} of ${events.length} events, each finished by resume, each step performed once`,
  )
})

test('a run with parallel steps, told to stop at each of its events', async () => {
  const events = await eventsOfParallelBook()
  const hits = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).flatMap((signal) =>
    events.map((event) => ({ signal, event })),
  )
  const tried = await everyMoment(hits, ({ signal, event }) => hitAndResume(event, signal), AT_A_TIME)
  expect(tried).toBeGreaterThan(0)
  tell(
    'signals',
    `3 signals, ${tried} of ${hits.length} moments: no child left, the lock free, finished afterwards`,
  )
})
