import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { chained, type Line, linesOf } from '../rig/forged.ts'
import { git, gitRemote } from '../rig/git-remote.ts'
import { freshDatabase } from '../rig/postgres.ts'

// Whoever can change the state folder makes nobody perform what no run has written: neither by a line, nor by a chain that was
// made anew, nor by another dump with a manifest that fits it.

const ends = endsAfterEach()

/** A deployment of a block with an undo, and of a new revision; where asked for, after a backup. */
const deployed = async ({ database = false, gate = 'true' } = {}) => {
  const remote = gitRemote()
  ends.push(remote.dispose)
  const postgres = database ? await freshDatabase() : undefined
  if (postgres) ends.push(postgres.drop)
  await postgres?.query('CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1)')
  const book = await bookFolder(`${prelude}
    import { applySql, backupDatabase, pullCode, shell } from 'runbook/steps'
    export default defineRunbook({
      name: 'whole', environments: { staging: {
        app: { dir: ${JSON.stringify(remote.clone)}, branch: 'main' },
        ${database ? `database: { url: secret('DATABASE_URL') },` : ''}
      } },
      deploy: () => [${database ? `backupDatabase(),` : ''} pullCode(),
        ${database ? `applySql({ file: 'more.sql' }),` : ''}
        shell({ block: ${JSON.stringify(gate)}, undo: { block: 'echo back' } })],
    })`)
  ends.push(book.dispose)
  const variables: Record<string, string> = postgres ? { DATABASE_URL: postgres.url } : {}
  const runbook = (...args: string[]) => book.runbook(args, { variables })
  const head = () => git(remote.clone, 'rev-parse', 'HEAD')
  const before = head()
  remote.push({ 'app.txt': '2\n', 'more.sql': 'ALTER TABLE notes ADD COLUMN more text;' }, 'Say 2')
  const first = await runbook('deploy', 'staging', '--yes')
  expect(first.exit, first.out).toBe(gate === 'true' ? 0 : 1)
  const folder = join(book.stateDir, 'runs')
  const run = readdirSync(folder)[0]!
  const journal = join(folder, run, 'journal.jsonl')
  const lines = () => linesOf(journal)
  const performed = join(remote.clone, 'performed')
  /** The undo of the block performs something else. */
  const tampered = (line: Line): Line =>
    line.type === 'undo-frozen'
      ? JSON.parse(JSON.stringify(line).replace('echo back', 'touch performed'))
      : line
  return {
    ...remote,
    ...book,
    runbook,
    ...{ postgres, head, before, run, journal, lines, performed, tampered },
  }
}

describe('a transcript that somebody changed', () => {
  type World = Awaited<ReturnType<typeof deployed>>
  const changes: [string, (world: World) => void, RegExp][] = [
    [
      'in a line',
      ({ journal }) =>
        writeFileSync(journal, readFileSync(journal, 'utf8').replace('echo back', 'touch performed')),
      /line \d+ does not follow from the line before it/,
    ],
    [
      'with every hash made anew',
      ({ journal, lines, tampered }) => writeFileSync(journal, chained(lines().map(tampered))),
      /line \d+ is not the line whose SHA-256 the environment’s ledger has/,
    ],
    [
      'behind its end',
      ({ journal, lines, tampered }) => {
        const all = lines()
        const [started] = all
        const undo = all.findLast(({ type }) => type === 'undo-frozen')!
        const more = [{ ...started!, resumed: true }, tampered(undo), all.at(-1)!]
        writeFileSync(journal, chained([...all, ...more.map((one, i) => ({ ...one, seq: all.length + i }))]))
      },
      /line \d+ gives shell another undo than the one from before its first effect/,
    ],
    [
      'behind its end, with another effect',
      ({ journal, lines, tampered }) => {
        const all = lines()
        const step = { ...all[0]!, type: 'step-started', step: 'evil', title: 'Evil', sort: 'state' }
        const undo = { ...tampered(all.findLast(({ type }) => type === 'undo-frozen')!), step: 'evil' }
        const action = { ...all.findLast(({ type }) => type === 'action-started')!, step: 'evil' }
        const more = [{ ...all[0]!, resumed: true }, step, undo, action, all.at(-1)!]
        writeFileSync(
          journal,
          chained(
            [...all, ...(more.map((one) => ({ ...one })) as Line[])].map((one, seq) => ({ ...one, seq })),
          ),
        )
      },
      /line \d+ is an effect after the end of the run that the environment’s ledger has/,
    ],
    [
      'by numbers that the ledger does not know',
      ({ journal, lines, tampered }) =>
        writeFileSync(
          journal,
          chained(lines().map((line) => ({ ...tampered(line), seq: line.seq * 2 + 100 }))),
        ),
      /line 1 has the number 100, and not 0/,
    ],
    [
      'by a cut',
      ({ journal, lines }) => writeFileSync(journal, chained(lines().slice(0, -6))),
      /its end is missing: the environment’s ledger knows of \d+ lines/,
    ],
  ]

  test.each(changes)('%s is not rolled back; its code is, from the ledger', async (_, change, says) => {
    const world = await deployed()
    const { runbook, head, before, run, performed } = world
    const after = head()
    change(world)
    for (const args of [['--plan'], ['--yes']]) {
      const refused = await runbook('rollback', 'staging', ...args)
      const words = refused.out + refused.err
      expect([refused.exit, head()], words).toEqual([3, after])
      expect(words).toContain(`the transcript of ${run} is as it was written`)
      expect(words).toMatch(says)
      expect(words).toContain(`runbook rollback staging --run ${run} --from ledger`)
    }
    const check = await runbook('show', run, '--check')
    expect(check.exit, check.out).toBe(1)
    const report = await runbook('report', run)
    expect(report.err).toContain(`the transcript of ${run} is not as it was written`)
    const bundle = await runbook('bundle', run)
    expect(bundle.err).toContain(`the transcript of ${run} is not as it was written`)
    // What the ledger has of the block is the undo that was frozen.
    const back = await runbook('rollback', 'staging', '--run', run, '--from', 'ledger', '--yes')
    expect([back.exit, head()], back.out + back.err).toEqual([0, before])
    expect(back.out).toContain('the environment’s ledger')
    expect(existsSync(performed)).toBe(false)
  })

  test('as it was written is held against the ledger, and is rolled back', async () => {
    const { runbook, head, before, run } = await deployed()
    const check = await runbook('show', run, '--check')
    expect([check.exit, check.err]).toEqual([0, ''])
    expect(check.out).toContain('the ledger of staging has the same last line')
    const back = await runbook('rollback', 'staging', '--yes')
    expect([back.exit, head()], back.out).toEqual([0, before])
  })

  test('that is of another run is said to be, and not performed', async () => {
    const { runbook, stateDir, run, head } = await deployed()
    const after = head()
    const other = run.replace('-staging-', '-staging-x-')
    cpSync(join(stateDir, 'runs', run), join(stateDir, 'runs', other), { recursive: true })
    const shown = await runbook('show', other, '--check')
    expect([shown.exit, shown.out]).toEqual([
      1,
      expect.stringMatching(/line 1 is of another run: .*, of staging/),
    ])
    renameSync(join(stateDir, 'runs', other), join(stateDir, 'runs', run.replace('deploy', 'rollback')))
    const refused = await runbook('rollback', 'staging', '--run', run.replace('deploy', 'rollback'), '--yes')
    expect(refused.exit).not.toBe(0)
    expect(head()).toBe(after)
  })

  test('is not gone on with, although every line follows from the one before it', async () => {
    const { runbook, journal, lines, run, clone } = await deployed({ gate: 'test -e open' })
    writeFileSync(join(clone, 'open'), '')
    const truth = readFileSync(journal)
    writeFileSync(
      journal,
      chained(
        lines().map((line) =>
          line.type === 'undo-frozen' ? { ...line, at: '2026-01-01T00:00:00.000Z' } : line,
        ),
      ),
    )
    const refused = await runbook('resume', '--yes')
    expect(refused.exit, refused.out).toBe(3)
    expect(refused.out + refused.err).toMatch(
      /line \d+ is not the line whose SHA-256 the environment’s ledger has/,
    )
    expect(refused.out + refused.err).toContain(`--run ${run} --from ledger`)
    writeFileSync(journal, truth)
    truncateSync(journal, truth.length - 300)
    const cut = await runbook('resume', '--yes')
    expect([cut.exit, cut.out + cut.err]).toEqual([3, expect.stringContaining('its end is missing')])
    writeFileSync(journal, truth)
    expect((await runbook('resume', '--yes')).exit).toBe(0)
  })
})

describe('a dump that was replaced, with a manifest that fits it', () => {
  const replaced = async () => {
    const world = await deployed({ database: true })
    const { stateDir, postgres, runbook } = world
    await postgres!.query('INSERT INTO notes VALUES (2)')
    expect((await runbook('backup', 'staging', '--yes')).exit).toBe(0)
    const backups = join(stateDir, 'backups')
    const [first, second] = readdirSync(backups)
      .filter((name) => name.endsWith('.dump'))
      .sort()
    const [meant, other] = [join(backups, first!), join(backups, second!)]
    const sumOf = (dump: string): string => JSON.parse(readFileSync(`${dump}.json`, 'utf8')).sha256
    const sums = { meant: sumOf(meant), other: sumOf(other) }
    for (const end of ['', '.json']) {
      rmSync(`${meant}${end}`, { recursive: true })
      renameSync(`${other}${end}`, `${meant}${end}`)
    }
    return { ...world, name: first!, sums, rows: () => postgres!.query('SELECT id FROM notes ORDER BY id') }
  }

  test('is restored neither by a rollback nor by its name, but by its own sum', async () => {
    const { runbook, rows, name, sums, run } = await replaced()
    const before = await rows()
    for (const args of [
      ['rollback', 'staging', '--database=restore'],
      ['rollback', 'staging', '--database=restore', '--in-place'],
      ['rollback', 'staging', '--run', run, '--from', 'ledger', '--database=restore'],
      ['restore', 'staging', name],
      ['restore', 'staging', name, '--in-place'],
    ]) {
      const refused = await runbook(...args, '--yes')
      const words = refused.out + refused.err
      expect([args, refused.exit], words).toEqual([args, 3])
      if (!args.includes('--from')) {
        expect(words).toContain(
          `its manifest says sha256 ${sums.other}; the one that is meant has ${sums.meant}`,
        )
        expect(words).toContain(`runbook restore staging sha256:${sums.other}`)
      }
      expect(await rows()).toEqual(before)
    }
    const gone = await runbook('restore', 'staging', `sha256:${sums.meant}`, '--yes')
    expect(gone.exit).not.toBe(0)
    expect((await runbook('restore', 'staging', 'sha256:9f2c', '--yes')).exit).toBe(2)
    const named = await runbook('restore', 'staging', `sha256:${sums.other}`, '--yes')
    expect(named.exit, named.out).toBe(0)
  })

  test('of a run whose transcript was changed is named by its sum', async () => {
    const { runbook, journal, run, stateDir, postgres } = await deployed({ database: true })
    const [name] = readdirSync(join(stateDir, 'backups')).filter((one) => one.endsWith('.dump'))
    const { sha256 } = JSON.parse(readFileSync(join(stateDir, 'backups', `${name}.json`), 'utf8'))
    await postgres!.query('INSERT INTO notes VALUES (2)')
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('echo back', 'touch performed'))
    const refused = await runbook('rollback', 'staging', '--database=restore', '--yes')
    expect(refused.exit).toBe(3)
    expect(refused.out + refused.err).toContain(`runbook restore staging sha256:${sha256}`)
    const schema = await runbook(
      'rollback',
      'staging',
      '--run',
      run,
      '--from',
      'ledger',
      '--database=schema',
      '--yes',
    )
    expect([schema.exit, schema.out + schema.err]).toEqual([
      3,
      expect.stringContaining('in the transcript alone'),
    ])
    const back = await runbook('restore', 'staging', `sha256:${sha256}`, '--yes')
    expect(back.exit, back.out + back.err).toBe(0)
    expect(await postgres!.query('SELECT id FROM notes')).toEqual([{ id: 1 }])
  })

  test.each<[string, (manifest: any) => void, RegExp]>([
    [
      'rows',
      ({ tables }) => (tables[0].rows = 7),
      /DOES NOT STAND: its manifest says 7 rows, its run recorded 1/,
    ],
    [
      'database',
      (manifest) => (manifest.database = 'prod'),
      /DOES NOT STAND: its manifest was changed after/,
    ],
    [
      'time',
      (manifest) => (manifest.startedAt = '2020-01-01T00:00:00.000Z'),
      /DOES NOT STAND: its manifest was/,
    ],
  ])('%s in its manifest alone shows in the list of backups', async (_, change, says) => {
    const { runbook, stateDir } = await deployed({ database: true })
    expect((await runbook('backups')).out).toMatch(/ stands, sha256/)
    const backups = join(stateDir, 'backups')
    const file = join(backups, readdirSync(backups).find((name) => name.endsWith('.json'))!)
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    change(manifest)
    writeFileSync(file, JSON.stringify(manifest))
    expect((await runbook('backups')).out).toMatch(says)
  })
})
