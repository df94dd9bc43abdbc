import { beforeEach, expect, test } from 'vitest'
import type { Cluster } from '../../examples/world/cluster.ts'
import { takeDatabaseLock } from '../../runbook/doors/database-lock.ts'
import { keepLock } from '../../runbook/engine/keep-lock.ts'
import type { Meanwhile } from '../../runbook/engine/ledger-keeper.ts'
import { openContext } from '../../runbook/engine/open-context.ts'
import type { Event } from '../../runbook/model/event.ts'
import { Failed, failureOf, unmet } from '../../runbook/model/failure.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret } from '../../runbook/model/secret.ts'
import { clusterEndedBy, endsAfterEach } from '../rig/ends.ts'
import { leaves, quickClock } from '../rig/engine-rig.ts'

const ends = endsAfterEach()
let cluster: Cluster
beforeEach(async () => {
  cluster = await clusterEndedBy(ends)
})

const step = leaves('one')
/** A run that has locked its database. */
const locked = async (meanwhile?: () => Promise<Meanwhile>) => {
  const database = { url: secret('DATABASE_URL') }
  const { context, close } = openContext({
    env: resolveEnvironment('staging', { app: { dir: '/' }, database }, '/'),
    ...{ bookFolder: '/nowhere', stateDir: '/nowhere', stamp: '20261122T021500Z', name: 'runbook kept' },
    variables: { DATABASE_URL: cluster.adminUrl },
    ask: async () => '',
    answers: { yes: true },
    signal: new AbortController().signal,
    clock: quickClock(),
  })
  ends.push(close)
  const events: Event[] = []
  context.recorder.onEvent((event) => events.push(event))
  const holder = { run: 'r', operator: 'ada', machine: 'one', pid: 17, started: '', since: 'now' }
  const lock = await takeDatabaseLock(context.doors.database!, 'shop:staging', holder)
  if (!('free' in lock)) throw new Error('it is not free')
  ends.push(() => lock.free())
  const { demand } = keepLock(lock, meanwhile && { meanwhile })
  return { events, demand: (of = step) => demand(of, context) }
}
/** Both at the same moment: of two that are ended one after the other, the first is replaced before. */
const killBoth = () => cluster.restart('immediate')
const failing = async (work: Promise<unknown>) =>
  failureOf(
    await work.then(
      () => new Error('it did not fail'),
      (error) => error,
    ),
  )

test('where a ledger shows that no run has changed anything meanwhile, it goes on, once the lock is taken again', async () => {
  const { demand, events } = await locked(async () => ({ shown: true }))
  await demand()
  expect(events).toEqual([])
  await killBoth()
  await demand()
  await demand()
  expect(events).toMatchObject([
    { type: 'looked', step: 'one', side: 'before', fact: 'no other run holds staging', holds: true },
  ])
  // Each time anew.
  await killBoth()
  await demand()
  expect(events).toHaveLength(2)
})

test.each<[string, (() => Promise<Meanwhile>) | undefined, string]>([
  [
    'a ledger names who has changed it',
    async () => ({ shown: true, by: 'run r2 (eve on two, since 02:15)' }),
    'and meanwhile it was changed by run r2 (eve on two, since 02:15)',
  ],
  [
    'a ledger cannot be read',
    () => Promise.reject(unmet('the host answers', 'no', 'ssh')),
    'the ledger does not show who has had it meanwhile: not so: the host answers',
  ],
  [
    'a ledger is seen by nobody else',
    async () => ({ shown: false }),
    'nothing shows whether another run had it',
  ],
  ['there is no ledger', undefined, 'nothing shows whether another run had it'],
])('where %s, it stops, and stays stopped', async (_where, meanwhile, because) => {
  const { demand, events } = await locked(meanwhile)
  await killBoth()
  for (const again of [demand(), demand(), demand()])
    expect(await failing(again)).toMatchObject({
      kind: 'lock-lost',
      env: 'staging',
      because: expect.stringContaining(because),
    })
  expect(events).toEqual([])
})

test('a server that stays away is waited for, then it stops; what was stopped is started again all the same', async () => {
  const { demand, events } = await locked()
  await cluster.stop()
  expect(await failing(demand())).toMatchObject({
    kind: 'lock-lost',
    because: expect.stringContaining('cannot be reached'),
  })
  await demand({ ...step, regardless: true })
  expect(events).toMatchObject([{ type: 'looked', step: 'one', holds: false }])
  expect(new Failed(await failing(demand())).failure).toMatchObject({ kind: 'lock-lost' })
}, 60_000)
