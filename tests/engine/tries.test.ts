import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changes, type Retry, sends } from '../../runbook/index.ts'
import type { Event } from '../../runbook/model/event.ts'
import { alive } from '../rig/command-line.ts'
import { engineRig, leaves, left, quickClock } from '../rig/engine-rig.ts'

let clock: ReturnType<typeof quickClock>
let rig: ReturnType<typeof engineRig>
const ends: (() => unknown)[] = []
beforeEach(() => {
  clock = quickClock()
  rig = engineRig({ clock })
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rig.dispose()
})

const tried = (events: Event[]): unknown[] =>
  events.flatMap((event): unknown[] => {
    if (event.type === 'action-started') return ['began']
    return event.type === 'action-ended' ? [event.again ?? event.ok] : []
  })
/** Fails the first `times` times. */
const failing = (times: number, retry?: Retry, more = {}) =>
  leaves('one', {
    actions: () => ({
      leave: {
        ...changes('sh', '-c', `echo >> tries; [ $(wc -l < tries) -gt ${times} ] || exit 7; touch one`),
        ...(retry && { retry }),
        ...more,
      },
    }),
  })
const tries = () => readFileSync(rig.in('tries'), 'utf8').length

test('each try is recorded, with the reason for the next', async () => {
  const { ended, events, plan } = await rig.perform([failing(2, { tries: 3, pause: 5000, on: [7] })])
  expect(ended.exit).toBe(0)
  const because = 'it ended with exit 7'
  expect(tried(events)).toEqual([
    ...['began', { because, try: 2, of: 3, in: 5000 }],
    ...['began', { because, try: 3, of: 3, in: 5000 }],
    ...['began', true],
  ])
  expect(clock.slept).toEqual([5000, 5000])
  expect(plan?.steps[0]?.actions[0]?.limits).toEqual({
    ...{ timeout: 3_600_000, retry: { tries: 3, pause: 5000, on: [7] } },
  })
})

test('the last failure is the step’s, with its own last lines', async () => {
  const { ended, events } = await rig.perform([failing(9, { tries: 2, pause: 1, on: ['failed'] })])
  expect(ended).toMatchObject({ exit: 1, failure: { kind: 'command-failed', exit: 7 } })
  expect(tried(events).at(-1)).toBe(false)
  expect(tries()).toBe(2)
})

test.each<[string, Retry | undefined]>([
  ['nothing is said', undefined],
  ['another exit status is meant', { tries: 3, pause: 1, on: [8] }],
  ['only what takes too long is meant', { tries: 3, pause: 1, on: ['timeout'] }],
  ['only what was not begun is meant', { tries: 3, pause: 1, on: ['not-begun'] }],
])('a command is done once where %s', async (_, retry) => {
  expect((await rig.perform([failing(1, retry)])).ended.exit).toBe(1)
  expect(tries()).toBe(1)
})

test('a try that takes too long is ended with its whole tree before the next', async () => {
  const script =
    'echo $$ >> tries; [ $(wc -l < tries) -gt 1 ] && exec touch one; sleep 600 & echo $! > child; wait'
  const { ended, events } = await rig.perform([
    leaves('one', {
      actions: () => ({
        leave: {
          ...changes('sh', '-c', script),
          ...{ timeout: 500, retry: { tries: 2, pause: 1, on: ['timeout'] } },
        },
      }),
    }),
  ])
  expect(ended.exit).toBe(0)
  expect(tried(events)[1]).toMatchObject({ because: 'it was not done after 500 ms', try: 2 })
  expect(alive(Number(readFileSync(rig.in('child'), 'utf8')))).toBe(false)
})

test('an interrupt between two tries ends them', async () => {
  const running = rig.perform([failing(9, { tries: 3, pause: 5000, on: ['failed'] })])
  clock.sleep = async (_, signal) => {
    rig.abort.abort(new Error('stop'))
    signal.throwIfAborted()
  }
  await running
  expect(tries()).toBe(1)
})

test('a request is sent again where nobody listened, and never where somebody may have heard it', async () => {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(request.url!)
    if (request.url === '/deaf') response.destroy()
    else response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const asks = (url: string) =>
    leaves('one', {
      actions: () => ({ ask: sends('POST', url), leave: changes('touch', 'one') }),
      after: () => [left('one')],
    })
  const deaf = await rig.perform([asks(`http://127.0.0.1:${port}/deaf`)])
  expect(deaf.ended).toMatchObject({ exit: 1, failure: { kind: 'request-failed' } })
  expect(heard).toEqual(['/deaf'])

  // Somebody listens when it is tried the third time.
  server.close()
  await new Promise((resolve) => server.once('close', resolve))
  let slept = 0
  clock.sleep = async () => {
    slept += 1
    if (slept === 2) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  }
  const late = await rig.perform([asks(`http://127.0.0.1:${port}/late`)])
  expect(late.ended.exit).toBe(0)
  expect(tried(late.events).slice(0, 4)).toMatchObject([
    ...['began', { because: expect.stringContaining('connection refused'), try: 2, of: 3 }],
    ...['began', { try: 3 }],
  ])
  expect(heard).toEqual(['/deaf', '/late'])
  expect(existsSync(rig.in('one'))).toBe(true)
})
