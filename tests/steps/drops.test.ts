import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { startCluster } from '../../examples/world/cluster.ts'
import { connected, createDatabase, createRole, urlOf } from '../../examples/world/databases.ts'
import { defineCheck, defineStep, fails, holds, nothingToUndo } from '../../runbook/index.ts'
import { drops } from '../../steps/restore/drops.ts'
import { databasesNamed } from '../../steps/restore/live-and-beside.ts'
import { until } from '../rig/command-line.ts'
import { stepRig } from '../rig/step-rig.ts'

const gone = defineCheck({
  fact: 'both are gone',
  remedy: 'drop them',
  look: async ({ see }) => {
    const left = await see(databasesNamed('copy', 'left'))
    return left.length ? fails(left.map(({ name }) => name).join(', ')) : holds('they are')
  },
})

test('a database is dropped by its owner while autovacuum and a session of his are at work in it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook-drops-'))
  chmodSync(dir, 0o755)
  // Its autovacuum begins within a second, and then takes for ever.
  const slow = { autovacuum_vacuum_cost_delay: '100ms', autovacuum_vacuum_cost_limit: '1' }
  const cluster = await startCluster({ dir, settings: { autovacuum_naptime: '1s', ...slow } })
  onTestFinished(async () => {
    await cluster.stop()
    rmSync(dir, { recursive: true })
  })
  const role = { name: 'owner', password: 'of the copy' }
  await connected(cluster.adminUrl, async (admin) => {
    await createRole(admin, role)
    for (const name of ['live', 'copy', 'left']) await createDatabase(admin, name, role)
  })
  const url = (name: string) => urlOf(role, cluster.port, name)
  await connected(url('copy'), async (client) => {
    await client.query('CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 300000) n')
    await client.query('DELETE FROM t WHERE n % 2 = 0')
  })
  const working = new pg.Client({ connectionString: url('left') })
  await working.connect()
  const ended = expect(working.query('SELECT pg_sleep(600)')).rejects.toThrow(/terminating connection/)
  working.on('error', () => {})
  const inCopy = () =>
    connected(cluster.adminUrl, async (admin) => {
      const { rows } = await admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = 'copy' AND backend_type = 'autovacuum worker'`,
      )
      return rows.length > 0
    })
  await until(inCopy, 'autovacuum in the copy')

  const rig = await stepRig({ dir, databaseUrl: url('live') })
  onTestFinished(() => rig.dispose())
  const actions = drops('drop', 'copy', ['left', 'copy'], 'postgres')
  expect(Object.keys(actions)).toEqual(['drop-sessions', 'drop', 'drop-1'])
  const { failure } = await rig.run(
    defineStep({
      id: 'dropping',
      title: 'Drop',
      about: 'Drops them.',
      actions: () => actions,
      run: async ({ perform }) => {
        expect(await inCopy()).toBe(true)
        for (const name of Object.keys(actions)) await perform(name)
      },
      after: () => [gone],
      undo: () => nothingToUndo('it is a test'),
    }),
  )
  expect(failure).toBeUndefined()
  await ended
})
