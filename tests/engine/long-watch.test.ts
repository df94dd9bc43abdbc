import { getEventListeners } from 'node:events'
import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Clock } from '../../runbook/doors/clock.ts'
import {
  defineCheck,
  fails,
  gets,
  holds,
  type Look,
  reads,
  readsFile,
  selects,
  within,
} from '../../runbook/index.ts'
import { watch } from '../../steps/watch.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { engineRig, leaves } from '../rig/engine-rig.ts'
import { answer, httpServer } from '../rig/http-server.ts'
import { runLoudChild } from '../rig/loud-child.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const DAY = 24 * 3_600_000
const EVERY = 15_000
const MINUTE = 60_000

/** A day passes as fast as it is looked at. */
const fastClock = (): Clock => {
  let now = 0
  return {
    now: () => new Date(Date.UTC(2026, 10, 22) + now),
    monotonic: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      now += ms
    },
  }
}

test('a day of watching an application, its log and its database leaves nothing behind', async () => {
  const server = await httpServer((_, response) => answer(response, 200, { status: 'ok' }))
  const db = await freshDatabase()
  const clock = fastClock()
  const rig = engineRig({ clock, databaseUrl: db.url })
  ends.push(db.drop, server.close, rig.dispose)
  writeFileSync(rig.in('log'), 'a line\n'.repeat(2000))
  const measured: { heap: number; handles: number; listeners: number }[] = []
  let looks = 0
  const look = async ({ see, attempt, signal }: Look) => {
    looks += 1
    const { status } = await see(gets(`${server.url}/health`))
    await see(readsFile('log', -2000))
    await attempt(selects('SELECT count(*) FROM pg_class'))
    await attempt(selects('SELECT * FROM nowhere'))
    if (looks % 200 === 0) await see(reads('true'))
    if (looks % 500 === 0) {
      collectGarbage()
      measured.push({
        heap: process.memoryUsage().heapUsed / 1e6,
        handles: process.getActiveResourcesInfo().length,
        listeners: getEventListeners(signal, 'abort').length,
      })
    }
    return clock.monotonic() > DAY ? holds(`${status}`) : fails(`${status}, not a day yet`)
  }
  const watched = defineCheck({ fact: 'a day has passed', remedy: '', look })
  const { ended, events } = await rig.perform([
    leaves('watch', {
      sort: 'verifies',
      actions: () => ({}),
      after: () => [within(watched, 2 * DAY, EVERY)],
    }),
  ])
  expect(ended.exit).toBe(0)
  expect(looks).toBeGreaterThan(DAY / EVERY)
  // What was seen in between is not kept, in the transcript neither.
  expect(events.length).toBeLessThan(20)
  const [early, late] = [measured[1]!, measured.at(-1)!]
  expect(late.heap - early.heap).toBeLessThan(2)
  expect(late.handles).toBeLessThanOrEqual(early.handles + 2)
  expect(late.listeners).toBeLessThanOrEqual(early.listeners)
}, 180_000)

test('a day of the step that watches: as many lines as samples, flat memory, no handle left', async () => {
  const measured: { heap: number; handles: number }[] = []
  const measure = () => {
    collectGarbage()
    const heap = process.memoryUsage().heapUsed / 1e6
    measured.push({ heap, handles: process.getActiveResourcesInfo().length })
  }
  let asked = 0
  const server = await httpServer((_, response) => {
    asked += 1
    if (asked % 200 === 0) measure()
    return answer(response, 200, { asked })
  })
  const db = await freshDatabase()
  const rig = engineRig({ clock: fastClock(), databaseUrl: db.url, app: { url: server.url, probe: [] } })
  ends.push(db.drop, server.close, rig.dispose)
  writeFileSync(rig.in('log'), 'a line\n'.repeat(2000))
  const { ended, events } = await rig.perform([
    watch({
      for: '24h',
      logs: ['log'],
      requests: [{ name: 'list', url: '/list' }],
      every: MINUTE,
      sampleEvery: 5 * MINUTE,
    }),
  ])
  expect(ended.exit).toBe(0)
  expect(asked).toBeGreaterThan(DAY / MINUTE / 2)
  const samples = events.filter((event) => event.type === 'looked' && event.sample)
  expect(samples.length).toBeLessThanOrEqual(DAY / (5 * MINUTE) + 2)
  const [early, late] = [measured[1]!, measured.at(-1)!]
  // The test itself keeps every event.
  expect(late.heap - early.heap).toBeLessThan(6)
  expect(late.handles).toBeLessThanOrEqual(early.handles + 5)
}, 180_000)

test('a child that prints half a gigabyte is recorded whole, in no more memory than one that prints a tenth', async () => {
  const { exit, printed, recorded, early, most } = await runLoudChild(500_000_000)
  expect(exit).toBe(0)
  expect(recorded).toBeGreaterThan(printed)
  expect(most.memory - early.memory).toBeLessThan(80)
  expect(most.memory).toBeLessThan(250)
  expect(most.files - early.files).toBeLessThan(5)
}, 180_000)
