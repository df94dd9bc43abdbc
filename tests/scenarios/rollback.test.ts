import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Event, EventOf, Probed } from '../../runbook/model/event.ts'
import { query, removeWorlds } from '../examples/raise-world.ts'
import { eventsIn, until } from '../rig/command-line.ts'
import { largestFileOf } from '../rig/dumps.ts'
import { contentOf, rowsNotIn } from './database-content.ts'
import { programsIn } from './recorded-programs.ts'
import { type ScenarioWorld, scenarioWorld } from './scenario-world.ts'
import { type Figures, startWriter } from './writer.ts'

// One production, deployed and taken back in every form, while its users go on working.

// A deployment and up to three rollbacks each, of real parts.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
beforeAll(async () => {
  world = await scenarioWorld('rollback')
})
afterAll(removeWorlds)
beforeEach(async () => {
  await dropBeside()
  await world.reset()
})

const CONFIRMED = ['production', '--confirm', 'production'] as const
const content = (url = world.databaseUrl) => contentOf(url, world.env.PATH!)
const head = () => world.git('rev-parse', 'HEAD')
const admin = (sql: string) => query(world.adminUrl, sql)
const deploy = async () => {
  const { exit, out, err } = await world.runbook(['deploy', ...CONFIRMED, '--on-failure', 'stop'])
  expect(exit, out + err).toBe(0)
}
const rollback = async (...options: string[]) => {
  const { exit, out, err } = await world.runbook(['rollback', ...CONFIRMED, '--json', ...options])
  return { exit, err, events: eventsIn(out) }
}
const writer = async () => {
  const at = await startWriter(world.url, world.databaseUrl)
  onTestFinished(() => void at.kill())
  return at
}
/** The databases beside production's, made by restores. */
const beside = async () =>
  (await admin(`SELECT datname FROM pg_database WHERE datname LIKE 'Lumiku-Production\\_%' ORDER BY 1`)).map(
    ({ datname }) => datname as string,
  )
const dropBeside = async () => {
  for (const name of await beside()) await admin(`DROP DATABASE "${name}" WITH (FORCE)`)
}
const urlOf = (database: string) => {
  const url = new URL(world.databaseUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}
const seenOf = (events: readonly Event[], fact: RegExp): string[] =>
  events.flatMap((event) => (event.type === 'looked' && fact.test(event.fact) ? [event.seen] : []))
/** What the tool itself says that users met with. */
const probedIn = (events: readonly Event[]): Probed => {
  const [probed, ...more] = events.flatMap((event) =>
    event.type === 'looked' && event.probed ? [event.probed] : [],
  )
  expect(more).toEqual([])
  return probed!
}
/** The tool's own figures are those of the users, who ask much more often. */
const areAlike = (probed: Probed, http: Figures) => {
  // Whoever waits for the machine takes that for a gap, the tool or the users.
  expect(Math.abs(probed.longestGap - http.longestGap)).toBeLessThan(300 + 2 * http.latest)
  // A connection that pm2's daemon has accepted for a process that is gone stays without an answer: decision 12.
  expect(probed.failed).toBeLessThanOrEqual(http.failed + 2)
  if (http.failed > 50) expect(probed.failed).toBeGreaterThan(2)
}
const verdictOf = (events: readonly Event[]) => (events.at(-1) as EventOf<'run-ended'>).verdict
/** '12 rows inserted into credits': the rows of each table that are named as lost. */
const namedAsLost = (seen: string): Record<string, number> => {
  const lost: Record<string, number> = {}
  for (const [, rows, table] of seen.matchAll(
    /([\d,]+) rows? (?:inserted into or changed in|inserted into|changed in(?! or deleted)|in the table|with a value in) (\w+)/g,
  ))
    lost[table!] = (lost[table!] ?? 0) + Number(rows!.replaceAll(',', ''))
  return lost
}

describe('--database=restore', () => {
  test('with users at work: exactly what was, and every lost row was counted', async () => {
    const before = await content()
    await deploy()
    expect(await world.columns()).toBe(26)
    // What others did after the deployment.
    await world.sql(`
      CREATE TABLE added_later (id int); INSERT INTO added_later SELECT generate_series(1, 5);
      ALTER TABLE credits ADD COLUMN "addedLater" text;
      UPDATE avatars SET gender = 'x' WHERE id IN (SELECT id FROM avatars ORDER BY id LIMIT 9)`)
    const users = await writer()
    // What others have changed in the schema goes too: that is refused, and gone over by name.
    const refused = await rollback('--database', 'restore')
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('public.added_later is new')])
    const [, run, over] = /--run (\S+) --allow (over:\w+)/.exec(refused.err)!
    const named = ['--run', run!, '--allow', over!, '--reason', 'it was wrong']
    const { exit, err, events } = await rollback('--database', 'restore', ...named)
    const figures = await users.stop()

    expect(exit, err).toBe(0)
    expect(verdictOf(events)).toBe('rolled-back')
    expect(await content()).toEqual(before)
    expect(head()).toBe(world.revisions.broken)
    expect(await world.running()).toBe(world.revisions.broken)

    const [replaced, ...more] = await beside()
    expect([replaced, more]).toEqual([expect.stringMatching(/_replaced_\d{8}T\d{6}Z$/), []])
    const lost = await rowsNotIn(urlOf(replaced!), world.databaseUrl)
    const counted = namedAsLost(seenOf(events, /what was lost/)[0]!)
    // What was changed only in a column that goes, the comparison does not see.
    expect(counted).toEqual({ ...lost, avatars: 9, added_later: 5 })
    // Before the question there is no copy to compare with: the numbers of rows, and that they tell no more.
    const forecast = seenOf(events, /takes away was counted/)[0]!
    expect(forecast).toMatch(/9 rows with a value in avatars\.\w+/)
    expect(forecast).toMatch(
      /which rows of \d+ tables were written, changed or deleted(, and which numbers of \d+ sequences? come a second time,)? cannot be told before/,
    )

    expect(seenOf(events, /sessions of others/)[0]).toMatch(/pid \d+ \(lumiku, writer, from 127\.0\.0\.1\)/)
    expect(figures.sql.longestGap).toBeLessThan(1000)
    areAlike(probedIn(events), figures.http)
    // A second and the application's start, on a machine that does nothing else: `npm run bench rollback`.
    expect(figures.http.longestGap).toBeLessThan(6000)

    const again = await world.runbook(['rollback', ...CONFIRMED, '--database', 'restore'])
    expect(again.out).toMatch(/^Nothing to undo: \S+-deploy-\S+ was taken back by \S+-rollback-\S+, by /)
    expect(again.exit).toBe(0)

    // The replaced database is whole, and can be returned to.
    const kept = await content(urlOf(replaced!))
    const back = await world.runbook(['restore', 'production', replaced!, '--confirm', 'production'])
    expect(back.exit, back.out + back.err).toBe(0)
    expect(await content()).toEqual(kept)
    await world.sql('DROP TABLE added_later; ALTER TABLE credits DROP COLUMN "addedLater"')
  })

  test('killed at the swap, again and again: always one of two exact states, and once more brings it to its end', async () => {
    const before = await content()
    await deploy()
    const after = await content()
    for (const moment of ['action-started', 'action-ended']) {
      const users = await writer()
      const run = world.start(['rollback', ...CONFIRMED, '--json', '--database', 'restore'])
      const line = new RegExp(`"type":"${moment}","step":"swap-databases","action":"swap"`)
      await until(() => line.test(run.printed.out) || run.child.exitCode !== null, 'the swap')
      run.child.kill('SIGKILL')
      await run.ended
      await users.stop()
      expect(line.test(run.printed.out), run.printed.out.slice(-2000)).toBe(true)
      // The server ends what the dead run had begun; then the live database is the one or the other.
      const sessions = `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'runbook%'`
      await until(async () => (await admin(sessions)).length === 0, 'no session of the run is left')
      const found = await content()
      expect([after.schema, before.schema]).toContain(found.schema)
      if (found.schema === before.schema) expect(found).toEqual(before)
    }
    const { exit, err, events } = await rollback('--database', 'restore')
    expect(exit, err).toBe(0)
    expect(verdictOf(events)).toBe('rolled-back')
    expect(await content()).toEqual(before)
    expect(await world.running()).toBe(world.revisions.broken)
    expect((await beside()).filter((name) => !name.includes('_replaced_'))).toEqual([])
  })

  test('a run that failed before its migration leaves the database alone', async () => {
    const before = await content()
    const broken = await world.publish({
      'backend/package.json': (json) => json.replace('"build": "', '"build": "false && '),
    })
    const failed = await world.runbook(['deploy', ...CONFIRMED, '--on-failure', 'stop'])
    expect(failed.exit).toBe(1)
    expect(head()).toBe(broken)
    const { exit, err, events } = await rollback('--database', 'restore')
    expect(exit, err).toBe(0)
    expect(events.some((event) => 'step' in event && event.step === 'swap-databases')).toBe(false)
    expect(err).toContain('The database: the run did not change it')
    expect(await content()).toEqual(before)
    expect(head()).toBe(world.revisions.broken)
  })
})

describe('--database=schema, and the code alone', () => {
  test('with users at work: exactly the schema that was, and the values that go were counted', async () => {
    const before = await content()
    await deploy()
    await world.sql(
      `UPDATE avatars SET gender = 'x', "usageCount" = 0 WHERE id IN (SELECT id FROM avatars ORDER BY id LIMIT 9)`,
    )
    const users = await writer()
    const { exit, err, events } = await rollback('--database', 'schema')
    const figures = await users.stop()
    expect(exit, err).toBe(0)
    expect((await content()).schema).toBe(before.schema)
    expect([head(), await world.running()]).toEqual([world.revisions.broken, world.revisions.broken])
    expect(seenOf(events, /takes away was counted/)).toEqual(['9 rows with a value in avatars.gender'])
    expect(await beside()).toEqual([])
    areAlike(probedIn(events), figures.http)
    expect(figures.http.failed).toBeLessThanOrEqual(2)
    expect(figures.sql.failed).toBe(0)
  })

  test('the code alone: the database stays as it is, and nobody is left without an answer', async () => {
    const before = await content()
    await deploy()
    const after = await content()
    const users = await startWriter(world.url)
    onTestFinished(() => void users.kill())
    const { exit, err, events } = await rollback()
    const { http } = await users.stop()
    expect(exit, err).toBe(0)
    areAlike(probedIn(events), http)
    expect(http.failed).toBeLessThanOrEqual(2)
    expect(err).toContain(
      `meanwhile   GET /health: ${probedIn(events).requests.toLocaleString('en-US')} requests`,
    )
    const { out } = await world.runbook(['show'])
    expect(out).toContain('GET /health: ')
    expect(await content()).toEqual(after)
    expect([head(), await world.running()]).toEqual([world.revisions.broken, world.revisions.broken])
    expect(err).toContain('--database=schema or --database=restore')
    // Found out later: the database should have gone with it.
    const again = await world.runbook(['rollback', ...CONFIRMED])
    const [, run] = /--run (\S+) --database=schema/.exec(again.out)!
    const late = await rollback('--database', 'schema')
    expect(late.exit, late.err).toBe(0)
    expect(late.events[0]).toMatchObject({ type: 'run-started', takesBack: run })
    expect((await content()).schema).toBe(before.schema)
  })
})

describe('bad input', () => {
  test('refused, or failed, before anything stops: what runs goes on', async () => {
    await deploy()
    const after = await content()
    const dump = join(world.dir, '.runbook/backups', dumps().find((name) => name.endsWith('.dump'))!)
    const refused = async (seen: RegExp, options: string[] = ['--database', 'restore']) => {
      const { exit, err, events } = await rollback(...options)
      expect(err).toMatch(seen)
      expect(exit).toBe(3)
      expect(events.some(({ type }) => type === 'action-started')).toBe(false)
      expect(await content()).toEqual(after)
      expect([head(), await world.running()]).toEqual([world.revisions.fixed, world.revisions.fixed])
    }
    const file = largestFileOf(dump)
    const whole = readFileSync(file)
    truncateSync(file, whole.length - 1)
    await refused(/bytes, the manifest says/)
    writeFileSync(file, whole)
    await rename(dump, `${dump}.away`)
    await refused(/the dump is gone/)
    await rename(`${dump}.away`, dump)
    const manifest = await readFile(`${dump}.json`, 'utf8')
    writeFileSync(`${dump}.json`, manifest.replace('"Lumiku-Production"', '"another"'))
    await refused(/it is of another, not of Lumiku-Production/)
    writeFileSync(`${dump}.json`, manifest)
    await admin('ALTER ROLE lumiku NOCREATEDB')
    await refused(/may not create databases.*ALTER ROLE "lumiku" CREATEDB/s).finally(() =>
      admin('ALTER ROLE lumiku CREATEDB'),
    )
    expect(await beside()).toEqual([])

    // The old code no longer builds: what runs goes on, and the message says what is there.
    const programs = join(world.dir, '..', 'no build')
    await mkdir(programs, { recursive: true })
    const npm = programsIn(world.env.PATH!).get('npm')
    writeFileSync(
      join(programs, 'npm'),
      `#!/bin/sh\nif [ "$1" = run ]; then echo 'it does not build' >&2; exit 1; fi\nexec '${npm}' "$@"\n`,
      { mode: 0o755 },
    )
    const { exit, out, err } = await world.runbook(['rollback', ...CONFIRMED, '--database', 'restore'], {
      env: { PATH: `${programs}${delimiter}${world.env.PATH}` },
    })
    expect(exit, out + err).toBe(7)
    expect(out).toContain('it does not build')
    expect(out).toContain('Take back: Pull the latest code')
    expect(out).toMatch(/not begun .*Restart lumiku-backend/s)
    expect(await world.running()).toBe(world.revisions.fixed)
    expect(await content()).toEqual(after)
  })
})

const dumps = () => readdirSync(join(world.dir, '.runbook/backups'))
