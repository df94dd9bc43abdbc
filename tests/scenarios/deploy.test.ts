import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { EventOf } from '../../runbook/model/event.ts'
import { query, removeWorlds } from '../examples/raise-world.ts'
import { eventsIn } from '../rig/command-line.ts'
import { sizeOfDump, sumOfDump } from '../rig/dumps.ts'
import { snapshotOf } from '../rig/git-remote.ts'
import { recordedPrograms } from './recorded-programs.ts'
import { type Ended, projects, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// One production, from the plan to the second deployment: the tests are in the order of an operator's night.

// Much else may run beside them; no time is asserted.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
const printed: Ended[] = []
let planned: EventOf<'planned'>[] = []
let deployed: ReturnType<typeof eventsIn> = []

beforeAll(async () => {
  world = await scenarioWorld('deploy')
})
afterAll(removeWorlds)

const runbook = async (...args: Parameters<ScenarioWorld['runbook']>): Promise<Ended> => {
  const ended = await world.runbook(...args)
  printed.push(ended)
  return ended
}
const stateDir = () => join(world.dir, '.runbook')
const journals = () =>
  readdirSync(join(stateDir(), 'runs')).map((run) => join(stateDir(), 'runs', run, 'journal.jsonl'))
const happened = <T extends EventOf<any>['type']>(type: T): EventOf<T>[] =>
  deployed.filter((event) => event.type === type) as never

describe('plan', () => {
  test('changes nothing: no file, no row, and only programs that read', async () => {
    const admin = (sql: string) => query(world.adminUrl, sql)
    // Nothing else writes, so that a number given to a transaction would be the plan's.
    await admin('ALTER SYSTEM SET autovacuum = off')
    await admin(`ALTER SYSTEM SET log_statement = 'all'`)
    await admin(`ALTER SYSTEM SET log_line_prefix = '%a|'`)
    await admin('SELECT pg_reload_conf()')
    const postgres = JSON.parse(await readFile(join(world.dir, 'world.json'), 'utf8')).postgres.home
    const statements = async () =>
      (await readFile(join(postgres, 'log'), 'utf8')).split('\n').filter((line) => line.startsWith('runbook'))
    const nextTransaction = () => admin('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next')
    const files = () =>
      Object.fromEntries(
        Object.entries(snapshotOf(world.dir)).filter(
          ([path]) => !path.startsWith(join(world.dir, 'postgres')),
        ),
      )
    const programs = recordedPrograms(join(world.dir, '..', 'recorded'), world.env.PATH!)
    const [filesBefore, next] = [files(), await nextTransaction()]

    const { exit, out, err } = await runbook(['plan', 'production', '--json'], {
      env: { PATH: programs.path },
    })

    planned = eventsIn(out).filter((event) => event.type === 'planned') as never
    expect([exit, err]).toEqual([0, ''])
    expect(files()).toEqual(filesBefore)
    expect(await nextTransaction()).toEqual(next)
    const reading =
      /statement: (BEGIN|COMMIT|SET|SHOW)|execute <unnamed>: \s*SELECT|statement: SELECT|parameters:/
    expect((await statements()).filter((line) => line.includes(' LOG: ') && !reading.test(line))).toEqual([])
    expect((await statements()).length).toBeGreaterThan(5)
    expect(
      programs
        .calls()
        .map(shortened)
        .filter((call) => !onlyReads(call)),
    ).toEqual([])
    expect(programs.calls().length).toBeGreaterThan(10)
    expect(await world.columns()).toBe(8)
  })

  test('shows the way: what is there, what would be done, what can be taken back', async () => {
    const { exit, out } = await runbook(['plan', 'production'])
    expect(exit).toBe(0)
    const { broken, fixed } = world.revisions
    expect(out).toContain(`revision  ${broken.slice(0, 7)} → ${fixed.slice(0, 7)}`)
    expect(out).toContain(`$ git -c core.hooksPath=/dev/null merge --ff-only --no-overwrite-ignore ${fixed}`)
    expect(out).toMatch(
      new RegExp(
        `back   write .*RUNBOOK_MOVE.*\\n +git -c core.hooksPath=/dev/null checkout --detach ${broken}`,
      ),
    )
    expect(out).toContain('DROP COLUMN IF EXISTS "personaName"')
    expect(out).toContain('DELETE')
    const phases = ['Pre-Deployment Checklist', 'Step 1: Verify Current State', 'Step 2: Deploy Code Fix']
    const more = [
      'Step 3: Run Database Migration',
      'Restart Application',
      'Step 4: Verify Deployment',
      'Success Criteria',
    ]
    // Behind it stands how long it takes, where the book says so.
    const places = [...phases, ...more].map((phase) => out.search(new RegExp(`\n${phase}( .*)?\n`)))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
  })

  test('doctor has every fact on its list, and leaves nothing either', async () => {
    const { exit, out } = await runbook(['doctor', 'production'])
    expect(exit).toBe(0)
    expect(out).toContain('✔ pg_dump is not older than the server')
    expect(out).toMatch(/all \d+ hold\n$/)
    expect(existsSync(stateDir())).toBe(false)
    const none = await runbook(['runs'])
    expect([none.exit, none.out]).toEqual([0, 'No runs yet.\n'])
  })
})

describe('deploy production', () => {
  test('mends it: 500 before, 201 after', async () => {
    expect((await world.call('POST', projects, { name: 'x' })).status).toBe(500)
    const { exit, out, err } = await runbook([
      'deploy',
      'production',
      '--confirm',
      'production',
      '--yes',
      '--json',
    ])
    expect(exit, err).toBe(0)
    deployed = eventsIn(out)
    const created = await world.call('POST', projects, { name: 'x' })
    expect(created.status).toBe(201)
    expect((await world.call('DELETE', `${projects}/${created.body.id}`)).status).toBe(204)
    expect(await world.columns()).toBe(26)
    expect(await world.running()).toBe(world.revisions.fixed)
    expect(world.git('rev-parse', 'HEAD')).toBe(world.revisions.fixed)
    expect(world.git('status', '--porcelain')).toBe('')
  })

  test('its events are its transcript: numbered, chained, one a line', async () => {
    const { out } = printed.at(-1)!
    const [journal] = journals()
    expect(await readFile(journal!, 'utf8')).toBe(out)
    const lines = out.split('\n').slice(0, -1)
    const hashes = lines.map((line) => createHash('sha256').update(line).digest('hex'))
    for (const [i, event] of deployed.entries()) {
      expect(event).toMatchObject({
        seq: i,
        type: expect.any(String),
        prev: i ? hashes[i - 1] : '0'.repeat(64),
      })
      expect(new Date(event.at).toISOString()).toBe(event.at)
    }
    expect(deployed[0]).toMatchObject({
      type: 'run-started',
      env: 'production',
      command: 'deploy',
      book: 'lumiku',
    })
    expect(deployed.at(-1)).toMatchObject({ type: 'run-ended', verdict: 'done', exit: 0 })
    expect((deployed[0] as EventOf<'run-started'>).run).toMatch(
      /^\d{8}T\d{6}Z-production-deploy-[0-9a-f]{4}$/,
    )
    for (const type of [
      'step-started',
      'observed',
      'undo-frozen',
      'looked',
      'action-started',
      'action-ended',
      'output',
      'asked',
      'answered',
      'step-done',
      'step-skipped',
    ] as const)
      expect(happened(type as never).length, type).toBeGreaterThan(0)
  })

  test('what it performed is what plan had printed, word for word', () => {
    const performed = happened('action-started').map(({ step, action, printed }) => ({
      step,
      action,
      printed,
    }))
    const expected = planned
      // The second way is gone only where the first fails.
      .filter(({ expects, findings }) => expects !== 'done' && !findings[0]?.startsWith('the other way'))
      .flatMap(({ step, actions }) => actions.map(({ name, printed }) => ({ step, action: name, printed })))
      // Only where an installation or a build fails.
      .filter(({ action }) => !/^(take back|clear up)\b/.test(action))
    // What was rehearsed is what would be done, and its way back.
    const [migration] = planned.filter(({ step }) => step === 'apply-sql')
    for (const [step, printed] of [
      ['rehearse-apply-sql', migration!.actions[0]!.printed],
      ['rehearse-back-apply-sql', migration!.undo],
    ] as const)
      expect(performed.filter((one) => one.step === step).map((one) => one.printed)).toEqual([printed])
    const steps = performed.map(({ step }) => step).filter((step) => !step.startsWith('rehearse-'))
    expect(new Set(steps)).toEqual(new Set(expected.map(({ step }) => step)))
    for (const step of new Set(expected.map(({ step }) => step))) {
      const [plan, deed] = [expected, performed].map((list) => list.filter((one) => one.step === step))
      expect(
        deed!.map(({ action }) => action),
        step,
      ).toEqual(plan!.map(({ action }) => action))
      // What takes the place of a hole may need quotes.
      const bare = (text: string) => text.replaceAll("'", '')
      for (const [i, { printed }] of plan!.entries())
        expect(bare(deed![i]!.printed)).toMatch(asPattern(bare(printed)))
    }
  })

  test('the way back of each step was on record before its first effect', () => {
    for (const { step } of happened('action-started')) {
      const at = (type: string) =>
        deployed.findIndex((event) => event.type === type && 'step' in event && event.step === step)
      expect(at('undo-frozen'), step).toBeLessThan(at('action-started'))
      expect(at('observed'), step).toBeLessThan(at('undo-frozen'))
    }
  })

  test('the backup has its name and its manifest, and both are the owner’s alone', async () => {
    const backups = join(stateDir(), 'backups')
    const [dump, manifest, ...others] = (await readdir(backups)).sort()
    expect([dump, manifest, others]).toEqual([
      expect.stringMatching(/^production-\d{8}T\d{6}Z\.dump$/),
      `${dump}.json`,
      [],
    ])
    const described = JSON.parse(await readFile(join(backups, manifest!), 'utf8'))
    expect(described).toMatchObject({
      database: 'Lumiku-Production',
      sha256: sumOfDump(join(backups, dump!)),
      size: sizeOfDump(join(backups, dump!)),
    })
    const rows = Object.fromEntries(described.tables.map(({ name, rows }: any) => [name, rows]))
    expect(rows).toEqual({ users: 600, sessions: 601, credits: 1800, avatar_projects: 1200, avatars: 3600 })
  })

  test('folders are 0700 and files 0600', () => {
    for (const [path, seen] of Object.entries(snapshotOf(stateDir()))) {
      const kind = statSync(path).isDirectory() ? '40700' : '100600'
      expect(seen.split(' ')[0], path).toBe(kind)
    }
  })
})

describe('afterwards', () => {
  test('verify holds, and takes away what it created', async () => {
    const rows = () => world.sql('SELECT count(*) FROM avatar_projects')
    const before = await rows()
    const { exit, out, err } = await runbook(['verify', 'production'])
    expect(exit, out + err).toBe(0)
    expect(out).toContain('Look for errors in the log')
    expect(await rows()).toEqual(before)
  })

  test('a second deployment skips what is done, and is done', async () => {
    const { exit, out, err } = await runbook(['deploy', 'production', '--confirm', 'production', '--json'])
    expect(exit, err).toBe(0)
    const events = eventsIn(out)
    const skipped = events.flatMap((event) => (event.type === 'step-skipped' ? [event.step] : []))
    expect(skipped).toEqual(['pull-code', 'edit-file', 'install-dependencies', 'build-app', 'apply-sql'])
    expect(await world.running()).toBe(world.revisions.fixed)
  })

  test('runs lists them, show tells one, and show --json is the transcript', async () => {
    const runs = await runbook(['runs'])
    expect(runs.exit).toBe(0)
    expect(runs.out.match(/production-(deploy|verify)-[0-9a-f]{4} +done/g)).toHaveLength(3)
    const shown = await runbook(['show'])
    expect(shown.exit).toBe(0)
    expect(shown.out).toContain('production-deploy-')
    const run = (deployed[0] as EventOf<'run-started'>).run
    const json = await runbook(['show', run, '--json'])
    expect([json.exit, json.out]).toEqual([
      0,
      await readFile(join(stateDir(), 'runs', run, 'journal.jsonl'), 'utf8'),
    ])
  })

  test('plan knows how long it took, and that there is nothing new', async () => {
    const { exit, out } = await runbook(['plan', 'production'])
    expect(exit).toBe(0)
    expect(out).toContain(`${world.revisions.fixed.slice(0, 7)}, nothing new`)
    expect(out).toMatch(/usually {3}(\d+ min )?[\d.]+ s, the median of 2 runs/)
  })
})

describe('the other environments', () => {
  test('staging: no backup, the integration tests, its own database and token', async () => {
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes', '--json'])
    expect(exit, err).toBe(0)
    const steps = eventsIn(out).flatMap((event) => (event.type === 'step-done' ? [event.step] : []))
    expect(steps).not.toContain('backup-database')
    expect(steps).toContain('run-tests')
    const tested = eventsIn(out).flatMap((event) =>
      event.type === 'output' && event.step === 'run-tests' ? [event.text] : [],
    )
    expect(tested.join('')).toMatch(/pass 6\n.*fail 0/)
    const { url, databaseUrl } = world.environments.staging!
    expect(((await (await fetch(`${url}/health`)).json()) as { revision: string }).revision).toBe(
      world.revisions.fixed,
    )
    const counted = await query(
      databaseUrl,
      `SELECT count(*)::int AS columns FROM information_schema.columns WHERE table_name = 'avatars'`,
    )
    expect(counted).toEqual([{ columns: 26 }])
  })

  test('local: built and migrated, nothing restarted, nothing asked over HTTP', async () => {
    const { exit, out, err } = await runbook(['deploy', 'local', '--yes', '--json'])
    expect(exit, err).toBe(0)
    const started = eventsIn(out).flatMap((event) => (event.type === 'step-started' ? [event.step] : []))
    expect(started).toEqual([
      'required-access',
      'current-state',
      'pull-code',
      'edit-file',
      'install-dependencies',
      'build-app',
      'apply-sql',
      'database-data',
      'all-columns',
    ])
    const verified = await runbook(['verify', 'local'])
    expect(verified.exit, verified.out).toBe(0)
  })
})

test('no secret is in any file that was kept, nor in anything that was printed', async () => {
  const secrets = Object.values(world.environments).flatMap(({ databaseUrl, token }) => {
    const { username, password } = new URL(databaseUrl)
    const meant = decodeURIComponent(password)
    return [
      databaseUrl,
      password,
      meant,
      token,
      encodeURIComponent(meant),
      JSON.stringify(meant).slice(1, -1),
      Buffer.from(`${username}:${meant}`).toString('base64'),
      Buffer.from(meant).toString('base64'),
      Buffer.from(token).toString('base64'),
      meant.replaceAll("'", "''"),
      meant.replaceAll("'", `'\\''`),
    ]
  })
  const kept = Object.keys(snapshotOf(stateDir())).filter((path) => statSync(path).isFile())
  const texts = [
    ...kept.map((path) => [path, readFileSync(path, 'latin1')]),
    ...printed.map(({ out, err }, i) => [`output ${i}`, out + err]),
  ]
  expect(kept.length).toBeGreaterThan(8)
  // A piece of the password's middle, for whatever way of quoting nobody thought of.
  const middle = decodeURIComponent(new URL(world.databaseUrl).password).match(/[0-9a-f]{12}/)![0]
  for (const [where, text] of texts)
    for (const secret of [...secrets, middle])
      expect(text!.includes(secret), `${where} shows ${secret}`).toBe(false)
})

/** What a plan printed, as what may have been performed: a hole stands for anything, a secret for itself. */
const asPattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(/(‹(?!secret )[^›]*›)/)
      .map((part, i) => (i % 2 ? '[\\s\\S]+' : part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')))
      .join('')}$`,
  )

const shortened = ([program, ...args]: string[]): string => [program, ...args].join(' ')

/** The ways of looking. Whatever else is called is a mistake, or belongs on this list after a thought. */
const READS = [
  /^git (-c \S+ )*(--literal-pathspecs )?(status|rev-parse|symbolic-ref|ls-remote|cat-file|rev-list|log|diff-tree|ls-files|ls-tree|remote|grep|merge-base)\b/,
  /^git config --show-scope --type=path --get-all core\.hooksPath$/,
  /^grep -q filter=lfs -- \.git\/info\/attributes$/,
  // Which of git's hooks are there.
  /^sh -c cd "\$1" .*test -x/,
  // The ecosystem file to come, which may start and write nothing.
  /^node --(experimental-)?permission --allow-fs-read=\* -e const \[file, name/,
  /^git -c core\.hooksPath=\/dev\/null fetch --dry-run /,
  /^(git|node|npm|pg_dump|pg_restore|zstd|lz4) --version$/,
  // It asks for what pg_dump refuses before it connects, to learn whether it knows zstd.
  /^pg_dump --compress=zstd:1 --format=plain --jobs=2$/,
  /^(ls|df|ps|true|wc|test|stat)\b/,
  // npm is a script for node; pm2's daemon is looked for by trying its socket.
  /^node \S+\/npm --version$/,
  /^node -e .*connect\(path\.join\(home, 'rpc\.sock'\)\)/,
  /^sh -c command -v pm2$/,
  /^pm2 (--silent )?(jlist|prettylist)$/,
  /^sha256sum /,
  // Whether a rehearsal can have a network of its own: tried in one, which ends with the look.
  /^unshare --net --mount --pid /,
  /^sh -ec PATH=\$PATH:\/usr\/sbin:\/sbin; ip link set lo up; mount --bind \/dev\/null \/dev\/zero$/,
  /^ip link set lo up$/,
  /^mount --bind \/dev\/null \/dev\/zero$/,
  // Whether the ledger can be written.
  /^sh -c at=\$1; while \[ ! -e/,
  /^find \. [^;]*-prune -type d$/,
  /^find [^;]*-type f -name \*\.lock ! -path \S+ -print0$/,
  /^git worktree list --porcelain$/,
  // What pm2's daemon was started with.
  /^cat \/proc\/\d+\/environ$/,
  /^getconf /,
]
const onlyReads = (call: string): boolean => READS.some((way) => way.test(call))
