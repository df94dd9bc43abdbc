import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { connected, createRole } from '../../examples/world/databases.ts'
import { freePort } from '../../examples/world/ports.ts'
import { removeWorlds } from '../examples/raise-world.ts'
import { until } from '../rig/command-line.ts'
import { programsIn } from './recorded-programs.ts'
import { type Call, type Ended, type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

// What is wrong is found before anything is done: each test leaves the world as it was, and proves that.

// Much else may run beside them; no time is asserted.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
let changed: () => Promise<string[]>
const ends: (() => unknown)[] = []

beforeAll(async () => {
  world = await scenarioWorld('refusals')
})
beforeEach(async () => {
  changed = await world.watch()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
afterAll(removeWorlds)

const deploy = (...options: string[]) => [
  'deploy',
  'production',
  '--confirm',
  'production',
  '--yes',
  ...options,
]

/** Exit 3, these words, and not a byte of production changed. */
const refused = async (call: Call, words: (string | RegExp)[], options: string[] = []): Promise<Ended> => {
  const ended = await world.runbook(deploy(...options), call)
  expect(ended.exit, ended.out + ended.err).toBe(3)
  for (const word of words)
    expect(ended.out).toMatch(typeof word === 'string' ? new RegExp(escaped(word)) : word)
  expect(ended.out).toMatch(/\n {2}→ \S/)
  expect(ended.out).toContain('changed     nothing')
  expect(ended.out + ended.err).not.toContain('mistake in runbook')
  expect(await changed()).toEqual([])
  expect(dumps()).toEqual([])
  return ended
}
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
const dumps = (): string[] => {
  const backups = join(world.dir, '.runbook/backups')
  return existsSync(backups) ? readdirSync(backups) : []
}
const urlWith = (change: (url: URL) => void): string => {
  const url = new URL(world.databaseUrl)
  change(url)
  return url.href
}

describe('the database', () => {
  test('is down', async () => {
    const port = await freePort()
    const DATABASE_URL = urlWith((url) => {
      url.port = String(port)
    })
    await refused({ env: { DATABASE_URL } }, [`127.0.0.1:${port} cannot be reached`, 'pg_isready'])
  })

  test('has another password', async () => {
    const DATABASE_URL = urlWith((url) => {
      url.password = 'not the password'
    })
    const { out } = await refused({ env: { DATABASE_URL } }, [
      'password authentication failed',
      'correct DATABASE_URL',
    ])
    expect(out).not.toContain('not the password')
  })

  test('has another name', async () => {
    const DATABASE_URL = urlWith((url) => {
      url.pathname = '/lumiku-production'
    })
    await refused({ env: { DATABASE_URL } }, [
      'the database of production is Lumiku-Production; seen: lumiku-production at 127.0.0.1',
      'correct DATABASE_URL',
    ])
  })

  test('is read by a role that may not read and alter it', async () => {
    const role = { name: 'stranger', password: 'p@ss word' }
    await connected(world.adminUrl, (admin) => createRole(admin, role))
    const DATABASE_URL = urlWith((url) => {
      url.username = role.name
      url.password = encodeURIComponent(role.password)
    })
    await refused({ env: { DATABASE_URL } }, [
      /stranger may not read all of .*avatars/,
      'GRANT pg_read_all_data TO "stranger"',
    ])
  })

  test('has an avatars whose column is of the wrong type, behind IF NOT EXISTS', async () => {
    await world.sql(`ALTER TABLE avatars ADD "personaAge" text`)
    ends.push(() => world.sql(`ALTER TABLE avatars DROP "personaAge"`))
    const { exit, out } = await world.runbook(deploy())
    expect(exit).toBe(3)
    expect(out).toContain('personaAge is text (expected integer)')
    expect(await world.columns()).toBe(9)
  })

  test.each([
    [
      'is not set',
      { DATABASE_URL: undefined },
      'the secret DATABASE_URL is not set',
      'export DATABASE_URL=…',
    ],
    ['is empty', { DATABASE_URL: '' }, 'the secret DATABASE_URL is empty', 'export DATABASE_URL=…'],
    [
      'is no URL',
      { DATABASE_URL: 'postgresql://a:b%@c/d' },
      'the secret DATABASE_URL is not percent-encoded',
      'percent-encoded',
    ],
    [
      'is a token that is not set',
      { LUMIKU_TOKEN: undefined },
      'the secret LUMIKU_TOKEN is not set',
      'export LUMIKU_TOKEN=…',
    ],
  ])('%s', async (_, env, sentence, remedy) => {
    const { exit, out, err } = await world.runbook(deploy(), { env })
    expect(exit, out + err).toBe(3)
    expect(out + err).toContain(sentence)
    expect(out + err).toContain(remedy)
    expect(await changed()).toEqual([])
  })
})

describe('pg_dump', () => {
  const folderWith = (name: string, script?: string): string => {
    const folder = join(world.dir, name)
    mkdirSync(folder)
    ends.push(() => rmSync(folder, { recursive: true }))
    if (script) writeFileSync(join(folder, 'pg_dump'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return folder
  }

  test('is missing', async () => {
    const folder = folderWith('without')
    for (const [program, real] of programsIn(world.env.PATH!))
      if (program !== 'pg_dump') symlinkSync(real, join(folder, program))
    await refused({ env: { PATH: folder } }, ['the program `pg_dump` was not found', 'install'])
  })

  test('is older than the server', async () => {
    const folder = folderWith('older', 'echo "pg_dump (PostgreSQL) 9.6.24"')
    await refused({ env: { PATH: `${folder}:${world.env.PATH}` } }, [
      /pg_dump 9\.6\.24, server \d+/,
      'postgresql-client-15',
    ])
  })
})

describe('the code', () => {
  test('has a changed file in its working tree', async () => {
    const file = join(world.production, 'backend/package.json')
    writeFileSync(file, '{}')
    ends.push(() => world.git('checkout', '--', 'backend/package.json'))
    const { exit, out } = await world.runbook(deploy())
    expect(exit).toBe(3)
    expect(out).toContain('1 changed file: backend/package.json')
    expect(out).toContain('git stash')
    expect(world.git('rev-parse', 'HEAD')).toBe(world.revisions.broken)
  })

  test('has a remote that does not answer', async () => {
    const remote = join(world.dir, 'remote.git')
    renameSync(remote, `${remote}.away`)
    ends.push(() => renameSync(`${remote}.away`, remote))
    await refused({}, ['the remote origin answers', 'git ls-remote origin'])
  })

  test('has no branch of that name', async () => {
    const book = await world.bookWith('other-branch.ts', (text) =>
      text.replace("branch: 'main'", "branch: 'mian'"),
    )
    await refused({}, ['the remote origin has the branch mian', 'it has development, main'], book)
  })

  test('has history that diverged', async () => {
    world.git('commit', '--quiet', '--allow-empty', '--message', 'Only here')
    ends.push(() => world.git('reset', '--quiet', '--hard', world.revisions.broken))
    const head = world.git('rev-parse', 'HEAD')
    const { exit, out } = await world.runbook(deploy())
    expect(exit, out).toBe(3)
    expect(out).toContain('main can be fast-forwarded to origin/main')
    expect(out).toMatch(/1 commit that origin lacks; .* with 1 that main lacks/)
    expect(world.git('rev-parse', 'HEAD')).toBe(head)
    expect(await world.columns()).toBe(8)
  })

  test('is not where the book says', async () => {
    const book = await world.bookWith('elsewhere.ts', (text) =>
      text.replace("'./production'", "'./prodcution'"),
    )
    const { exit, out } = await world.runbook(deploy(...book))
    expect(exit, out).toBe(3)
    expect(out).toContain(`there is no folder ${join(world.dir, 'prodcution')}`)
    expect(out).not.toContain('mistake in runbook')
  })
})

test('everything that is wrong is named at once', async () => {
  writeFileSync(join(world.production, 'backend/package.json'), '{}')
  ends.push(() => world.git('checkout', '--', 'backend/package.json'))
  const { exit, out } = await world.runbook(deploy(), { env: { LUMIKU_TOKEN: undefined } })
  expect(exit).toBe(3)
  expect(out).toContain('the secret LUMIKU_TOKEN is not set')
  expect(out).toContain('1 changed file')
})

describe('on a terminal', () => {
  test('a wrong name is a no, the third time', async () => {
    const { type, rehearsed, shows, ended } = world.onTerminal(['deploy', 'production'])
    await rehearsed()
    for (const left of ['2 tries', 'one try']) {
      type('staging\r')
      await shows(left)
    }
    type('staging\r')
    expect(await ended).toBe(4)
    expect(await changed()).toEqual([])
  })

  test('Ctrl-C at the question ends it, and frees the lock', async () => {
    const { type, rehearsed, ended } = world.onTerminal(['deploy', 'production'])
    await rehearsed()
    type('\u0003')
    expect(await ended).toBe(130)
    expect(await changed()).toEqual([])
    const { exit, out } = await world.runbook(['plan', 'production'])
    expect(exit, out).toBe(0)
  })
})

describe('what moves while the operator reads the plan', () => {
  /** Something happens between the plan and the yes. */
  const confirmedAfter = async (happening: () => unknown) => {
    const { type, rehearsed, ended, text } = world.onTerminal([
      ...['deploy', 'production', '--on-failure', 'stop'],
    ])
    await rehearsed()
    await happening()
    type('production\r')
    return { exit: await ended, text: text() }
  }

  test('another commit on the branch: it is not deployed, and said', async () => {
    ends.push(() => world.publish({}))
    let pushed = ''
    const { exit, text } = await confirmedAfter(async () => {
      pushed = await world.publish({ 'backend/src/server.ts': (code) => `${code}\n// Later.\n` })
    })
    expect(exit, text).toBe(3)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      `the revision to deploy changed after the plan was confirmed: it was ${world.revisions.fixed}, it is ${pushed}`,
    )
    expect(world.git('rev-parse', 'HEAD')).toBe(world.revisions.broken)
    expect(await world.columns()).toBe(8)
  })

  test('the HEAD of the clone: nothing is pulled, and said', async () => {
    ends.push(() => world.git('reset', '--quiet', '--hard', world.revisions.broken))
    const { exit, text } = await confirmedAfter(() =>
      world.git('commit', '--quiet', '--allow-empty', '-m', 'By hand'),
    )
    expect(exit, text).toBe(3)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      `HEAD changed after the plan was confirmed: it was ${world.revisions.broken}, it is `,
    )
  })
})

test('of two deployments at once the second is told of the first, on this machine and on another', async () => {
  const first = world.onTerminal(['deploy', 'production'])
  await first.rehearsed()
  const second = await world.runbook(deploy())
  expect(second.exit).toBe(5)
  expect(second.out + second.err).toMatch(
    /locked by run \d{8}T\d{6}Z-production-deploy-[0-9a-f]{4}: \S+ on \S+, pid \d+, since 20/,
  )
  // Another folder for the transcripts is what another machine would have: there the database tells.
  const elsewhere = await world.runbook(deploy('--state-dir', join(world.dir, 'elsewhere')))
  expect(elsewhere.exit).toBe(5)
  expect(elsewhere.out + elsewhere.err).toMatch(/locked by run \d{8}T\d{6}Z-production-deploy-[0-9a-f]{4}/)
  // Another environment is free.
  expect((await world.runbook(['plan', 'staging'])).exit).toBe(0)
  first.type('\u0003')
  expect(await first.ended).toBe(130)
  expect(await changed()).toEqual([])
  await until(async () => (await world.runbook(['plan', 'production'])).exit === 0)
})
