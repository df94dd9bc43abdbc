import { expect, onTestFinished, test } from 'vitest'
import type { Step } from '../../runbook/model/step.ts'
import { until } from '../rig/command-line.ts'
import { engineRig, leaves, type Performed } from '../rig/engine-rig.ts'
import { answer, httpServer } from '../rig/http-server.ts'

/** An application that is asked while a book of one step is performed. */
const probing = async (
  work: (server: Awaited<ReturnType<typeof httpServer>>) => Promise<void>,
  probe = ['/a'],
) => {
  const server = await httpServer(({ path }, response) =>
    answer(response, path === '/broken' ? 502 : path === '/moved' ? 302 : 200),
  )
  onTestFinished(server.close)
  const rig = engineRig({ app: { url: server.url, probe } })
  onTestFinished(rig.dispose)
  const busy: Partial<Step> = {
    run: async ({ perform }) => {
      await work(server)
      await perform('leave')
    },
  }
  return { server, rig, done: await rig.perform([leaves('one', busy)]) }
}
const probedIn = ({ events }: Performed) =>
  events.flatMap((event) => (event.type === 'looked' && event.probed ? [event.probed] : []))
const asked = (count: number) => (server: { asked: unknown[] }) => until(() => server.asked.length >= count)

test('what users met with is recorded at the end, for each address', async () => {
  const { done, server } = await probing(asked(12), ['/a', '/broken', '/moved'])
  expect(done.ended.verdict).toBe('done')
  const [a, broken, moved] = probedIn(done)
  expect(a).toMatchObject({ url: '/a', failed: 0, failures: {} })
  expect(broken!.failures).toEqual({ 502: broken!.failed })
  // What was sent last may not have been answered; on a busy machine these are a few.
  expect(broken!.failed).toBeGreaterThan(broken!.requests / 2)
  expect(broken!.longestGap).toBeGreaterThan(broken!.ms / 2)
  expect(moved).toMatchObject({ url: '/moved', failed: 0 })
  // What was sent last may not have arrived.
  const sent = a!.requests + broken!.requests + moved!.requests
  expect([0, 1, 2, 3]).toContain(sent - server.asked.length)
  expect(done.events.at(-1)!.type).toBe('run-ended')
  expect(done.context.state.probed).toHaveLength(3)
})

test('how long nobody was answered is measured', async () => {
  let [closed, open] = [0, 0]
  const { done } = await probing(async (server) => {
    await asked(2)(server)
    await server.close()
    closed = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 400))
    open = performance.now()
    await server.listen()
    await asked(server.asked.length + 3)(server)
  })
  const [met] = probedIn(done)
  expect(met!.failed).toBeGreaterThan(0)
  expect(Object.keys(met!.failures)).toContain('connection refused')
  // It is seen at the next request only, and ends with an answer.
  expect(met!.longestGap).toBeGreaterThan(open - closed - 150)
  expect(met!.longestGap).toBeLessThan(open - closed + 1000)
})

test('an address that never answers holds nothing up, and is told of', async () => {
  const server = await httpServer(() => new Promise(() => {}))
  onTestFinished(server.close)
  const rig = engineRig({ app: { url: server.url, probe: ['/hangs', '/health'] } })
  onTestFinished(rig.dispose)
  const done = await rig.perform([leaves('one', {}, 'sleep 0.3')])
  expect(done.ended.verdict).toBe('done')
  const [hangs, health] = probedIn(done)
  expect(hangs).toMatchObject({ url: '/hangs', failed: 0 })
  expect(hangs!.longestGap).toBeGreaterThan(250)
  expect(health!.longestGap).toBeLessThan(hangs!.longestGap)
})

test('one who is never answered does not speak for all', async () => {
  let asked = 0
  const server = await httpServer((_, response) => {
    asked += 1
    return asked === 3 ? new Promise(() => {}) : answer(response, 200)
  })
  onTestFinished(server.close)
  const rig = engineRig({ app: { url: server.url, probe: ['/a'] } })
  onTestFinished(rig.dispose)
  const busy: Partial<Step> = {
    run: async ({ perform }) => {
      await until(() => asked > 20)
      await perform('leave')
    },
  }
  const [met] = probedIn(await rig.perform([leaves('one', busy)]))
  expect(met!.failed).toBe(0)
  expect(met!.longestGap).toBeLessThan(met!.ms / 2)
})

test('a plan asks nobody; nor does a run whose environment names no address', async () => {
  const { done, server, rig } = await probing(async () => {}, [])
  expect([probedIn(done), server.asked]).toEqual([[], []])
  const planning = engineRig({ app: { url: server.url, probe: ['/a'] } })
  onTestFinished(planning.dispose)
  await planning.plan([leaves('two')])
  expect(server.asked).toEqual([])
  rig.abort.abort()
})

test('a run that fails tells of it too', async () => {
  const { done } = await probing(async (server) => {
    await asked(3)(server)
    throw new Error('it broke')
  })
  expect(done.ended.verdict).toBe('failed')
  expect(probedIn(done)).toHaveLength(1)
})

test('an outage that lasts is said while it does, at growing intervals, and so is its end', async () => {
  const { done } = await probing(async (server) => {
    await asked(2)(server)
    await server.close()
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    await server.listen()
    await asked(server.asked.length + 3)(server)
  })
  const outages = done.events.flatMap((event) => (event.type === 'looked' && event.outage ? [event] : []))
  const lasting = outages.filter(({ outage }) => !outage!.over)
  expect(lasting.length).toBeGreaterThanOrEqual(1)
  for (const [i, { outage, holds, seen }] of lasting.entries()) {
    expect(holds).toBe(false)
    expect(seen).toMatch(/^GET \/a has had no good answer for .* s: connection refused$/)
    expect(outage!.ms).toBeGreaterThanOrEqual(5000 * 2 ** i)
  }
  // It is said before the step that it lasts in has ended.
  const ended = done.events.findIndex(({ type }) => type === 'step-done')
  expect(done.events.indexOf(lasting[0]!)).toBeLessThan(ended)
  expect(outages.at(-1)!.outage).toMatchObject({ url: '/a', over: true })
  expect(outages.at(-1)!.outage!.ms).toBeGreaterThan(10_000)
}, 60_000)
