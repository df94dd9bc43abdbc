import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { query, removeWorlds } from '../examples/raise-world.ts'
import { eventsIn, until } from '../rig/command-line.ts'
import { endState } from './end-state.ts'
import { killAndResume } from './killed-run.ts'
import { bookForManyRuns, migration, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// What is found out before the question: one production, whose migration works, or does not on its data.

vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
let book: string[]
let changed: () => Promise<string[]>
beforeAll(async () => {
  world = await scenarioWorld('rehearsal')
  book = await bookForManyRuns(world)
})
beforeEach(async () => {
  await world.reset()
  changed = await world.watch()
})
afterAll(removeWorlds)

const copies = async (): Promise<unknown[]> =>
  query(world.adminUrl, `SELECT datname FROM pg_database WHERE datname LIKE '%\\_rehearsal\\_%'`)
const deploy = (...more: string[]) =>
  world.runbook(['deploy', 'production', ...book, '--confirm', 'production', ...more])

/** Production is as it was, and nothing is left of the copy; but for the backup, which is kept. */
const untouched = async (): Promise<void> => {
  expect(await changed()).toEqual([])
  expect(await copies()).toEqual([])
}
/** Another statement behind the guide's. */
const publishSql = (sql: string) =>
  world.publish({
    [migration]: (text) => text.replace('-- Commit all changes', `${sql}\n-- Commit all changes`),
  })

test('on a terminal: one ordinary question, what the rehearsal has found, and then the name; declined, nothing was changed', async () => {
  const terminal = world.onTerminal(['deploy', 'production', ...book])
  await terminal.shows('rehearse on a copy what will change it? What is live is compared with before.')
  terminal.type('y\r')
  await terminal.shows('type its name to go on')
  const before = terminal.text()
  expect(before).toMatch(/the backup can be restored: .* in .*: 5 tables, 7,801 rows, as in its manifest/)
  expect(before.replace(/\s+/g, ' ')).toMatch(
    /works on it: 18 statements in \d+ ms; ACCESS EXCLUSIVE on avatars for \d+ ms; nothing rewritten/,
  )
  expect(before).toContain('can be taken back: the schema is then as it was before')
  expect(await copies()).toEqual([])
  for (const left of ['2 tries', 'one try']) {
    terminal.type('prod\r')
    await terminal.shows(left)
  }
  terminal.type('prod\r')
  expect(await terminal.ended).toBe(4)
  expect(terminal.text().replace(/\s+/g, ' ')).toMatch(
    /changed nothing: the schema \(\d+ objects of the catalogue\).* compared with before/,
  )
  await untouched()
})

test('declined before anything: no dump is made', async () => {
  const terminal = world.onTerminal(['deploy', 'production', ...book])
  await terminal.shows('What is live is compared with before.')
  terminal.type('n\r')
  expect(await terminal.ended).toBe(4)
  expect(await readdir(join(world.dir, '.runbook/backups')).catch(() => [])).toEqual([])
  await untouched()
})

test('the plan says how it would be rehearsed; the deployment makes one backup, and holds what happens against the rehearsal', async () => {
  const plan = await world.runbook(['plan', 'production', ...book])
  expect(plan.out).toContain('before the question, beside the live database')
  expect(plan.out).toMatch(/CREATE DATABASE "Lumiku-Production_rehearsal_‹stamp›"/)
  const { exit, out } = await deploy('--json')
  const events = eventsIn(out)
  expect(exit).toBe(0)
  const started = events.flatMap((event) => (event.type === 'step-started' ? [event.step] : []))
  expect(started.filter((step) => step === 'backup-database')).toHaveLength(1)
  expect(started.indexOf('rehearse')).toBeLessThan(started.indexOf('pull-code'))
  const told = events.find((event) => event.type === 'looked' && event.fact === 'it went as rehearsed')
  expect(told).toMatchObject({ step: 'apply-sql', seen: expect.stringMatching(/^\d+ ms, rehearsed \d+ ms/) })
  const shown = await world.runbook(['show'])
  expect(shown.out).toMatch(/Rehearse: Add the 18 columns to avatars/)
  expect(shown.out).toMatch(/Add the 18 columns to avatars · 18 statements in .*; \d+ ms, rehearsed \d+ ms/)
  expect(await world.columns()).toBe(26)
  expect(await copies()).toEqual([])
})

describe('a migration that works on an empty schema and fails on the data', () => {
  const stopped = async (sql: string) => {
    await publishSql(sql)
    changed = await world.watch()
    const { exit, out } = await deploy()
    expect(exit, out).toBe(3)
    await untouched()
    return out
  }

  test('NOT NULL over nulls', async () => {
    const out = await stopped('ALTER TABLE avatars ALTER COLUMN "thumbnailUrl" SET NOT NULL;')
    expect(out).toMatch(/contains null values \(23502\); 1,800 of 3,600 rows of avatars: id=ck\w+, id=ck/)
    expect(out).toMatch(
      /changed {5}nothing: the schema \(\d+ objects of the catalogue\).* compared with before/,
    )
  })

  test('a unique index over duplicates', async () => {
    const out = await stopped('CREATE UNIQUE INDEX one_each ON avatars ("projectId");')
    expect(out).toMatch(/\(23505\); 3,600 of 3,600 rows of avatars: id=ck\w+, /)
  })

  test('a cast that fails in one row of many', async () => {
    const out = await stopped(
      `ALTER TABLE credits ALTER COLUMN reason TYPE integer USING replace(reason, 'purchase', '1')::integer;`,
    )
    expect(out).toMatch(
      /invalid input syntax for type integer: "avatar" \(22P02\); 600 of 1,800 rows of credits: id=\d+, /,
    )
  })
})

test('what drops data goes on only when it is allowed by the name that is printed', async () => {
  await publishSql('ALTER TABLE avatars DROP COLUMN "thumbnailUrl";')
  changed = await world.watch()
  const refused = await deploy()
  expect(refused.exit, refused.out).toBe(3)
  expect(refused.out).toContain(
    'it drops the column avatars.thumbnailUrl: 1,800 rows with a value in avatars.thumbnailUrl',
  )
  const [, allow = ''] = /--allow (\S+)/.exec(refused.out) ?? []
  expect(allow).toBe('drop:avatars.thumbnailUrl')
  await untouched()
  const terminal = world.onTerminal(['deploy', 'production', ...book, '--yes', '--allow', allow])
  await terminal.shows('type its name to go on')
  expect(terminal.text()).toContain('drop:avatars.thumbnailUrl is allowed')
  terminal.type('\u0003')
  expect(await terminal.ended).toBe(130)
})

test('a dump that is damaged after it was written stops the run', async () => {
  const backups = join(world.dir, '.runbook/backups')
  const damaging = await world.bookWith('damaging.config.ts', (text) =>
    text
      .replace(
        'export default',
        `const damage = { ...checklist('damage', 'Damage it', [toolPresent('node')]) }\nexport default`,
      )
      .replace('env.protected && backupDatabase(),', 'env.protected && backupDatabase({ after: [damaged] }),')
      .replace(
        'const database =',
        `import { writeFileSync, readFileSync } from 'node:fs'
import { largestFileOf } from '${join(import.meta.dirname, '../rig/dumps.ts')}'
const damaged = { kind: 'check' as const, fact: 'the disk is sound', remedy: '', look: async ({ run, env }: any) => {
  const file = largestFileOf(run.backups + '/' + env.name + '-' + run.stamp + '.dump')
  const bytes = readFileSync(file)
  bytes[Math.floor(bytes.length / 2)]! ^= 0xff
  writeFileSync(file, bytes)
  return { holds: true, seen: 'it seems so' }
} }
const database =`,
      ),
  )
  const { exit, out } = await world.runbook(['deploy', 'production', ...damaging, '--confirm', 'production'])
  expect(exit, out).toBe(3)
  expect(out).toMatch(/the backup can be relied on; seen: sha256 [0-9a-f]+, the manifest says/)
  expect((await readdir(backups)).some((file) => file.endsWith('.dump'))).toBe(true)
  await untouched()
})

test('an interrupt in its middle leaves no copy behind', async () => {
  await publishSql(
    'ALTER TABLE avatars ADD COLUMN slept integer DEFAULT CASE WHEN pg_sleep(60) IS NULL THEN 1 END;',
  )
  changed = await world.watch()
  const asleep = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE '%\\_rehearsal\\_%'`
  const running = world.start(['deploy', 'production', ...book, '--confirm', 'production'])
  await until(async () => (await query(world.adminUrl, asleep)).length).catch(() => {
    throw new Error(`the migration does not sleep on the copy: ${running.printed.out}${running.printed.err}`)
  })
  running.child.kill('SIGINT')
  expect((await running.ended).exit).toBe(130)
  await untouched()
})

test('killed in its middle it is done again by resume, and its copy is removed', async () => {
  const args = ['deploy', 'production', ...book, '--confirm', 'production', '--yes']
  expect((await world.runbook(args)).exit).toBe(0)
  const expected = await endState(world)
  await world.reset()
  const { killed } = await killAndResume(world, {
    args,
    moment: '"type":"action-started","step":"rehearse-apply-sql","action":"migrate"',
    expected,
  })
  expect(killed).toBe(true)
  expect(await copies()).toEqual([])
})
