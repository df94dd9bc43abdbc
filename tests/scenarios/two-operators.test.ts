import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, prelude, until } from '../rig/command-line.ts'
import { clusterEndedBy, endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote } from '../rig/git-remote.ts'
import { inTurn } from '../rig/in-turn.ts'
import { freshDatabase } from '../rig/postgres.ts'

// Two operators, one environment: whatever the first has done, the second never rolls back what they did not name, and neither is
// told anything that is not so. Hosts have names of their own in namespaces of their own (unshare).

const ends = endsAfterEach()

const asRoot = process.getuid?.() === 0 ? [] : ['-r']
const onMachine = (name: string) => ['unshare', ...asRoot, '-u', 'sh', '-c', 'hostname "$0"; exec "$@"', name]

/** A clone, a database, a book with a gate that can be shut, and operators on machines of their own. */
const world = async ({ shared = false, database = true } = {}) => {
  const remote = gitRemote()
  ends.push(remote.dispose)
  const postgres = database ? await freshDatabase() : undefined
  if (postgres) ends.push(postgres.drop)
  await postgres?.query('CREATE TABLE notes (id int PRIMARY KEY)')
  const place = await bookFolder(`${prelude}
    import { backupDatabase, pullCode } from 'runbook/steps'
    export default defineRunbook({
      name: 'two', environments: { staging: {
        app: { dir: ${JSON.stringify(remote.clone)}, branch: 'main' },
        ${database ? `database: { url: secret('DATABASE_URL') },` : ''}
      } },
      deploy: () => [${database ? 'backupDatabase(),' : ''} pullCode(),
        sh('gate', 'while [ -e wait ]; do sleep 0.05; done; test ! -e shut && git rev-parse HEAD > passed', { after: () => [passed] })],
    })
    const passed = defineCheck({ fact: 'HEAD has passed the gate', remedy: 'open it', look: async ({ see, attempt }) => {
      const last = await attempt(readsFile('passed'))
      return last.ok && last.value.trim() === (await see(reads('git', 'rev-parse', 'HEAD'))) ? holds('it has') : fails('it has not')
    } })`)
  ends.push(place.dispose)
  const variables: Record<string, string> = postgres ? { DATABASE_URL: postgres.url } : {}
  const gate = join(remote.clone, 'shut')
  const head = () => git(remote.clone, 'rev-parse', 'HEAD')
  let commits = 1
  const operator = (name: string, more: Record<string, string> = {}) => {
    const stateDir = join(place.folder, shared ? 'everybody' : `state of ${name}`)
    const args = (words: string[]) => [...words, '--state-dir', stateDir]
    const options = { variables: { ...variables, ...more }, through: onMachine(`machine-of-${name}`) }
    const runbook = (...words: string[]) => place.runbook(args(words), options)
    const well = async (...words: string[]) => {
      const ended = await runbook(...words, '--yes')
      expect(ended.exit, `${words.join(' ')}: ${ended.out}${ended.err}`).toBe(0)
      return ended
    }
    const push = () => remote.push({ 'app.txt': `${++commits}\n` }, `Say ${commits}`)
    const verbs = {
      deploy: async () => {
        push()
        await well('deploy', 'staging')
      },
      rollback: async () => void (await well('rollback', 'staging', '--run', lastRun())),
      resume: async () => {
        push()
        writeFileSync(gate, '')
        expect((await runbook('deploy', 'staging', '--yes')).exit).toBe(1)
        rmSync(gate)
        await well('resume')
      },
      restore: async () => {
        await well('backup', 'staging')
        const dump = readdirSync(join(stateDir, 'backups')).filter((file) => file.endsWith('.dump'))
        await well('restore', 'staging', dump.sort().at(-1)!)
      },
    }
    return {
      ...{ name, stateDir, runbook, verbs, push },
      start: (...words: string[]) => place.start(args(words), options),
    }
  }
  const ledger = () => {
    const path = join(remote.clone, '.git/runbook/ledger.jsonl')
    // The last line may be one that is still being written.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return lines.map((line) => JSON.parse(line))
  }
  const lastRun = (): string => ledger().findLast(({ line }) => line === 'opened').run
  const query = async (sql: string) => postgres?.query(sql)
  return { ...remote, query, ...{ operator, head, ledger, lastRun, gate, wait: join(remote.clone, 'wait') } }
}

const FIRST = ['deploy', 'rollback', 'resume', 'restore'] as const
const SECOND = ['deploy', 'rollback', 'restore'] as const

describe.each([{ shared: false }, { shared: true }])('with one folder for all: $shared', ({ shared }) => {
  for (const [turn, first] of FIRST.entries())
    test(`after a ${first} by the first, whatever the second does, the first rolls back only what they name`, async () => {
      for (const second of inTurn(SECOND, shared ? turn : turn + 1)) {
        const { operator, head, lastRun } = await world({ shared })
        const [ada, bob] = [operator('ada'), operator('bob')]
        await ada.verbs.deploy()
        await ada.verbs[first]()
        const own = lastRun()
        const before = head()
        const theirs =
          second === 'rollback'
            ? await bob.runbook('rollback', 'staging', '--yes')
            : await bob.verbs[second]()
        const at = `${first}, then ${second}`
        const told = theirs && theirs.out + theirs.err
        if (second === 'rollback') {
          // Who has done nothing here means the last run; a restore is not rolled back by that, nor a rollback.
          expect(theirs!.exit, `${at}: ${told}`).toBe(first === 'restore' ? 3 : 0)
          expect(told, at).toContain(own)
          expect(head() === before, at).toBe(first === 'restore' || first === 'rollback')
        }
        const left = head()
        const last = lastRun()
        const plain = await ada.runbook('rollback', 'staging', '--yes')
        const words = `${at}: ${plain.out}${plain.err}`
        expect(head(), words).toBe(left)
        expect(plain.exit, words).toBe(second === 'rollback' && first !== 'restore' ? 0 : 3)
        expect(words).toContain(last)
        if (second === 'rollback') continue
        const named = await ada.runbook('rollback', 'staging', '--yes', '--run', own)
        const forwards = first === 'deploy' || first === 'resume'
        expect([named.exit, head()], `${at}, --run: ${named.out}${named.err}`).toEqual([
          forwards ? 3 : 2,
          left,
        ])
      }
    })
})

describe('who comes with an empty folder', () => {
  test('sees the run of another, whose it is and where, and takes its code back from the ledger', async () => {
    const { operator, head, lastRun } = await world()
    const [ada, bob] = [operator('ada'), operator('bob')]
    const before = head()
    await ada.verbs.deploy()
    const run = lastRun()
    const listed = await bob.runbook('runs')
    expect(listed.out).toMatch(
      new RegExp(`${run} .*machine-of-ada .*elsewhere: machine-of-ada:.*journal.jsonl`),
    )
    for (const [flags, need] of [
      [['--database=schema'], /the transcript of .* is here.*machine-of-ada.*state of ada/s],
      [['--database=restore'], /the backup of .* can be reached from here.*machine-of-ada.*backups/s],
    ] as const) {
      const refused = await bob.runbook('rollback', 'staging', '--yes', ...flags)
      expect([refused.exit, refused.out + refused.err]).toEqual([3, expect.stringMatching(need)])
    }
    const back = await bob.runbook('rollback', 'staging', '--yes')
    expect(back.exit, back.out + back.err).toBe(0)
    expect(back.out).toContain(`takes back  ${run}`)
    expect(back.out).toContain('Rolled back')
    expect(head()).toBe(before)
    const after = await bob.runbook('rollback', 'staging', '--yes')
    expect([after.exit, after.out]).toEqual([0, expect.stringContaining(`${run} was taken back by`)])
  })

  test('is told whose unfinished run there is, and does not go on with it', async () => {
    const { operator, head, gate, lastRun } = await world()
    const [ada, bob] = [operator('ada'), operator('bob')]
    ada.push()
    writeFileSync(gate, '')
    expect((await ada.runbook('deploy', 'staging', '--yes')).exit).toBe(1)
    const left = head()
    for (const words of [['resume'], ['resume', 'staging'], ['resume', lastRun()]]) {
      const { exit, out, err } = await bob.runbook(...words, '--yes')
      expect([exit, out + err], words.join(' ')).toEqual([3, expect.stringContaining(lastRun())])
      expect(out + err).toMatch(/machine-of-ada.*state of ada/s)
      expect(out + err).not.toMatch(/nothing/i)
    }
    expect(head()).toBe(left)
  })
})

describe('what changed since', () => {
  test('HEAD moved by hand is not gone over unless it is named, and where it was is what is printed', async () => {
    const { operator, head, clone, lastRun } = await world()
    const ada = operator('ada')
    const from = head()
    await ada.verbs.deploy()
    const to = head()
    git(clone, 'commit', '-q', '--allow-empty', '-m', 'A fix by hand')
    const hand = head()
    const refused = await ada.runbook('rollback', 'staging', '--yes')
    expect([refused.exit, head()]).toEqual([3, hand])
    expect(refused.out + refused.err).toMatch(
      new RegExp(`HEAD is ${to.slice(0, 7)}.*HEAD is ${hand.slice(0, 7)}: on .*A fix by hand`, 's'),
    )
    const name = /--allow (over:\w+)/.exec(refused.out + refused.err)![1]!
    const over = await ada.runbook('rollback', 'staging', '--yes', '--run', lastRun(), '--allow', name)
    expect(over.exit, over.out + over.err).toBe(0)
    expect(over.out).toContain(`${hand.slice(0, 7)} → ${from.slice(0, 7)}`)
    expect(head()).toBe(from)
  })

  test('a schema that was changed by hand is named, with what of it', async () => {
    const { operator, head, query } = await world()
    const ada = operator('ada')
    await ada.verbs.deploy()
    const left = head()
    expect((await ada.runbook('rollback', 'staging', '--plan')).exit).toBe(0)
    await query('CREATE INDEX by_hand ON notes (id)')
    const { exit, out, err } = await ada.runbook('rollback', 'staging', '--yes')
    expect([exit, head(), out + err]).toEqual([
      ...[3, left],
      expect.stringMatching(/the schema of staging.*table public.notes changed.*--allow over:\w{7}/s),
    ])
  })

  test('a bare rollback by who came later, for a restart only, does not take back what another deployed', async () => {
    const { operator, head, gate, lastRun } = await world({ database: false })
    const [ada, bob] = [operator('ada'), operator('bob')]
    ada.push()
    writeFileSync(gate, '')
    expect((await ada.runbook('deploy', 'staging', '--yes')).exit).toBe(1)
    const [theirs, left] = [lastRun(), head()]
    rmSync(gate)
    const finished = await bob.runbook('deploy', 'staging', '--yes')
    expect(finished.exit, finished.out + finished.err).toBe(0)
    const { exit, out, err } = await bob.runbook('rollback', 'staging', '--yes')
    expect([exit, head()], out + err).toEqual([3, left])
    expect(out + err).toContain(`runbook rollback staging --run ${theirs}`)
  })

  test('a line of the ledger that cannot be read is said, and a bare rollback is refused', async () => {
    const { operator, head, clone, lastRun } = await world({ database: false })
    const ada = operator('ada')
    await ada.verbs.deploy()
    const [run, left] = [lastRun(), head()]
    appendFileSync(join(clone, '.git/runbook/ledger.jsonl'), '{"run":"2026\n')
    for (const command of ['plan', 'doctor']) {
      const { out } = await ada.runbook(command, 'staging')
      expect(out).toMatch(/line \d+ of .+ledger\.jsonl cannot be read: what it tells of is not known/)
    }
    const bare = await ada.runbook('rollback', 'staging', '--yes')
    expect([bare.exit, head()], bare.out + bare.err).toEqual([3, left])
    expect(bare.out + bare.err).toContain('runbook rollback staging --run <id>')
    const named = await ada.runbook('rollback', 'staging', '--yes', '--run', run)
    expect(named.exit, named.out + named.err).toBe(0)
  })

  test('the order of the ledger tells which run is the last, and no clock', async () => {
    const { operator, head, clone, lastRun } = await world({ database: false })
    const ada = operator('ada')
    await ada.verbs.deploy()
    const [first, middle] = [lastRun(), head()]
    await ada.verbs.deploy()
    // As a machine would have named it whose clock was an hour ahead.
    const late = first.replace(/T\d\d/, 'T23').replace(/^\d{4}/, '2099')
    const ledger = join(clone, '.git/runbook/ledger.jsonl')
    writeFileSync(ledger, readFileSync(ledger, 'utf8').replaceAll(first, late))
    renameSync(join(ada.stateDir, 'runs', first), join(ada.stateDir, 'runs', late))
    const { exit, out, err } = await ada.runbook('rollback', 'staging', '--yes')
    expect([exit, head()], out + err).toEqual([0, middle])
  })
})

describe('a run whose machine is gone', () => {
  /** It is killed in its gate. */
  const killed = async (database: boolean) => {
    const made = await world({ database })
    const [ada, bob] = [made.operator('ada'), made.operator('bob')]
    const before = made.head()
    ada.push()
    writeFileSync(made.wait, '')
    const run = ada.start('deploy', 'staging', '--yes')
    await until(() => made.ledger().some(({ step }) => step?.id === 'pull-code') && made.head() !== before)
    const elsewhere = await bob.runbook('deploy', 'staging', '--yes')
    expect([elsewhere.exit, elsewhere.out + elsewhere.err]).toEqual([
      5,
      expect.stringContaining('machine-of-ada'),
    ])
    run.child.kill('SIGKILL')
    await run.ended
    // What outlives it does not get through.
    writeFileSync(made.gate, '')
    rmSync(made.wait)
    return { ...made, ada, bob, before }
  }

  test('is taken over where the database shows that nobody holds its lock, and that is recorded', async () => {
    const { bob, head, before, lastRun, gate } = await killed(true)
    rmSync(gate)
    const { exit, out, err } = await bob.runbook('rollback', 'staging', '--yes', '--verbose')
    expect([exit, head()], out + err).toEqual([0, before])
    expect(out).toMatch(
      /by \S+ on machine-of-ada has not ended, and the database shows that nobody holds its lock/,
    )
    expect(lastRun()).toContain('rollback')
  })

  test('is not taken over by who locks another server, where nothing shows that it is gone', async () => {
    const { operator, head, lastRun, gate } = await killed(true)
    const elsewhere = await clusterEndedBy(ends)
    rmSync(gate)
    const left = head()
    const eve = operator('eve', { DATABASE_URL: elsewhere.adminUrl })
    const { exit, out, err } = await eve.runbook('deploy', 'staging', '--yes')
    expect([exit, head()], out + err).toEqual([5, left])
    expect(out + err).toContain(`runbook unlock staging --run ${lastRun()}`)
  })

  test('keeps others out without a database, until somebody says that it is gone', async () => {
    const { ada, bob, head, before, lastRun, gate } = await killed(false)
    rmSync(gate)
    const run = lastRun()
    const kept = await bob.runbook('rollback', 'staging', '--yes')
    expect([kept.exit, kept.out + kept.err]).toEqual([
      5,
      expect.stringContaining(`runbook unlock staging --run ${run}`),
    ])
    const shown = await bob.runbook('unlock', 'staging', '--run', run)
    expect([shown.exit, shown.out]).toEqual([
      4,
      expect.stringMatching(/ledger {6}without its end.*machine-of-ada/),
    ])
    const cleared = await bob.runbook('unlock', 'staging', '--run', run, '--yes')
    expect(cleared.exit, cleared.out + cleared.err).toBe(0)
    const again = await bob.runbook('unlock', 'staging', '--run', run, '--yes')
    expect([again.exit, again.out]).toEqual([0, expect.stringContaining(`Nothing of ${run} is left`)])
    const back = await bob.runbook('rollback', 'staging', '--yes')
    expect([back.exit, head()], back.out + back.err).toEqual([0, before])
    // Whoever had begun it is told what came after.
    const late = await ada.runbook('resume', '--yes')
    expect([late.exit, head()], late.out + late.err).toEqual([3, before])
  })

  test('is gone on with by one machine only, of two that have its folder', async () => {
    const { ada, bob, lastRun, gate } = await killed(true)
    cpSync(ada.stateDir, bob.stateDir, { recursive: true })
    const run = lastRun()
    const first = await bob.runbook('resume', '--yes')
    expect(first.exit, first.out + first.err).toBe(1)
    rmSync(gate)
    const second = await ada.runbook('resume', '--yes')
    expect([second.exit, second.out + second.err]).toEqual([
      3,
      expect.stringMatching(new RegExp(`the ledger knows of more: ${run}.*machine-of-bob`, 's')),
    ])
    expect((await bob.runbook('resume', '--yes')).exit).toBe(0)
  })
})
