import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { processesOf, removeWorlds } from '../examples/raise-world.ts'
import { eventsIn, until } from '../rig/command-line.ts'
import {
  type Call,
  type Ended,
  migration,
  projects,
  type ScenarioWorld,
  scenarioWorld,
} from './scenario-world.ts'

// What goes wrong on the way: the run says what stands, and what to type next. Production is put back after each.

// Much else may run beside them; no time is asserted.
vi.setConfig({ testTimeout: 240_000 })

let world: ScenarioWorld
const server = 'backend/src/server.ts'
const repository = 'backend/src/apps/avatar-creator/repositories/avatar-creator.repository.ts'

beforeAll(async () => {
  world = await scenarioWorld('failures')
})
afterEach(() => world.reset())
afterAll(removeWorlds)

const deploy = (...options: string[]) => [
  'deploy',
  'production',
  '--confirm',
  'production',
  '--yes',
  ...options,
]
const last = (text: string): string => text.slice(-2000)

/** Exit 1, these words, a remedy, what stands, and a transcript that ends. */
const failed = async (words: string[], call?: Call, book: string[] = []): Promise<Ended> => {
  const ended = await world.runbook(deploy(...book), call)
  expect(ended.exit, ended.out + ended.err).toBe(1)
  const outcome = ended.out.slice(ended.out.lastIndexOf('\n✖ '))
  for (const word of words) expect(outcome).toContain(word)
  expect(outcome).toMatch(/\n {2}→ \S/)
  expect(outcome).toMatch(/\n {2}changed {5}\S/)
  expect(outcome).toMatch(/\n {2}not begun {3}\S/)
  expect(outcome).not.toContain('mistake in runbook')
  const shown = await world.runbook(['show', '--json'])
  expect(eventsIn(shown.out).at(-1)).toMatchObject({ type: 'run-ended', verdict: 'failed', exit: 1 })
  return ended
}

/** Exit 3, these words, a remedy, and nothing that stands. */
const stopped = async (words: string[], call?: Call): Promise<void> => {
  const { exit, out, err } = await world.runbook(deploy(), call)
  expect(exit, out + err).toBe(3)
  const outcome = out.slice(out.lastIndexOf('\n✖ '))
  for (const word of words) expect(outcome).toContain(word)
  expect(outcome).toMatch(/\n {2}→ \S/)
  expect(outcome).toMatch(/\n {2}changed {5}nothing/)
}

describe('before the restart: what runs goes on as it was', () => {
  afterEach(async () => {
    expect(await world.columns()).toBe(8)
    expect(await world.running()).toBe(world.revisions.broken)
  })

  test('pg_dump is killed midway: no file bears the name of a backup', async () => {
    const folder = join(world.dir, 'killed')
    mkdirSync(folder)
    const script = [
      '#!/bin/sh',
      'real=$(PATH="${PATH#*:}" command -v pg_dump)',
      'case "$1" in --version) exec "$real" "$@" ;; esac',
      '"$real" "$@"',
      'for word; do case "$word" in --file=*) dump="${word#--file=}" ;; esac; done',
      'half=$(head -c 20000 "$dump" | base64 -w 0)',
      'printf %s "$half" | base64 -d > "$dump"',
      'kill -9 $$',
    ]
    writeFileSync(join(folder, 'pg_dump'), `${script.join('\n')}\n`, { mode: 0o755 })
    const env = { PATH: `${folder}:${world.env.PATH}` }
    await stopped(['Back up the database', 'pg_dump', 'signal SIGKILL'], { env })
    expect(readdirSync(join(world.dir, '.runbook/backups'))).toEqual([])
  })

  test('the build fails: the compiler’s words are shown', async () => {
    await world.publish({ [server]: (text) => `${text}\nconst broken: = 1\n` })
    await failed(['Build backend', 'npm run build', 'server.ts', 'TS1110'])
  })

  test('the SQL fails in its third statement: its line is shown, and nothing of it stays', async () => {
    const wrong = '"personaPersonality" no_such_type'
    await world.publish({ [migration]: (text) => text.replace('"personaPersonality" TEXT', wrong) })
    const sql = await readFile(join(world.dir, 'desk', migration), 'utf8')
    const line = sql.slice(0, sql.indexOf(wrong)).split('\n').length
    await stopped(['Add the 18 columns to avatars', `line ${line}: type "no_such_type"`, wrong])
    const book = await world.bookWith('unrehearsed.ts', (text) =>
      text
        .replace('applySql,', 'applySql, rehearse,')
        .replace('const { LUMIKU_URL', 'const backup = backupDatabase()\nconst { LUMIKU_URL')
        .replace(
          'env.protected && backupDatabase(),',
          `env.protected && sequence([backup, rehearse({ from: backup, off: 'to see what would happen' })]),`,
        ),
    )
    const words = ['Add the 18 columns to avatars', `refused line ${line}`, wrong, 'nothing of it stays']
    await failed(words, {}, book)
  })

  test('Ctrl-C in the middle of the build ends all of it and frees the lock; the next run goes on', async () => {
    const pause = 'await new Promise((end) => setTimeout(end, 60_000))\n'
    await world.publish({
      'backend/scripts/build.mjs': (text) => text.replace('const git =', `${pause}const git =`),
    })
    const { type, shows, rehearsed, text, ended } = world.onTerminal(['deploy', 'production'])
    await rehearsed()
    type('production\r')
    await shows('node scripts/build.mjs')
    type('\u0003')
    expect(await ended, last(text())).toBe(130)
    expect(last(text())).toContain('interrupted by SIGINT')
    const left = await processesOf(world.dir)
    expect(left.filter((one) => /npm|build\.mjs|pg_dump|git /.test(one))).toEqual([])
    const plan = await world.runbook(['plan', 'production'])
    expect(plan.exit, plan.out).toBe(0)
    expect(plan.out).toMatch(/Pull the latest code.*\n +already done/)
  })
})

describe('after the restart', () => {
  test('the application dies at once: the end of its log is shown', async () => {
    await world.publish({ [server]: (text) => `throw new Error('cannot begin like this')\n${text}` })
    await failed(['Restart lumiku-backend', 'cannot begin like this', 'pm2 logs lumiku-backend'])
    expect(await world.columns()).toBe(26)
  })

  test('the API answers 500: the request and the answer are shown', async () => {
    const create = 'return { ...(await prisma'
    await world.publish({
      [repository]: (text) => text.replace(create, `if (data.name) throw new Error('no luck')\n  ${create}`),
    })
    await failed([
      'Test the API endpoints',
      '"test 1: create project" answers 201; seen: 500',
      'Internal server error',
    ])
  })
})

test('on a terminal: the name, a branch with a slash, the manual checklist, and the transcript at the end', async () => {
  await world.publish({}, 'release/2025-10')
  const release = (text: string) => text.replace("branch: 'main'", "branch: 'release/2025-10'")
  const book = await world.bookWith('release.ts', release)
  const env = { LUMIKU_UI: 'https://app.lumiku.com' }
  const { type, shows, rehearsed, text, printed, ended } = world.onTerminal(
    ['deploy', 'production', ...book],
    { env },
  )
  await rehearsed()
  type('production\r')
  // Whatever is typed at a prompt draws it again.
  const noteAfter = (question: string) =>
    until(
      () => text().slice(text().indexOf(question)).includes('A note for the transcript'),
      `a note after ${question}`,
    )
  for (let item = 1; item <= 7; item += 1) {
    await shows(`(${item} of 7)`)
    type('\r')
    await noteAfter(`(${item} of 7)`)
    type(item === 2 ? 'the image is slow\r' : '\r')
  }
  await shows('Do user reports confirm')
  type('y\r')
  await noteAfter('Do user reports confirm')
  type('\r')
  expect(await ended, last(text())).toBe(0)
  expect(world.git('branch', '--show-current')).toBe('release/2025-10')
  expect((await world.call('GET', projects)).status).toBe(200)
  const outcome =
    /✔ Done in .+ s, [0-9a-f]{7} → [0-9a-f]{7}\n[\s\S]* {2}meanwhile {3}GET \/health: .*\n {2}transcript {2}\S+journal\.jsonl\n {2}verified {4}[\s\S]*$/
  expect(last(text())).toMatch(outcome)
  // The cursor is back.
  const [shown, hidden] = ['\u001b[?25h', '\u001b[?25l'].map((code) => printed.all.lastIndexOf(code))
  expect(shown).toBeGreaterThanOrEqual(hidden!)
  expect((await world.runbook(['show'])).out).toContain('the image is slow')
})

test('the remote does not answer: the code is edited in place, the guide’s Option B, and taken back', async () => {
  const remote = join(world.dir, 'remote.git')
  const place = join(world.production, migration)
  await rename(remote, `${remote}.away`)
  try {
    await writeFile(place, await readFile(join('examples/lumiku/app', migration)))
    const refused = await world.runbook(deploy())
    expect([refused.exit, refused.out]).toEqual([3, expect.stringContaining('--other-way')])
    const deployed = await world.runbook(deploy('--other-way'))
    expect([deployed.exit, last(deployed.out)]).toEqual([0, expect.stringContaining('Done in')])
    expect(deployed.out).toContain('Pull the latest code · the other way was taken')
    expect((await world.call('POST', projects, { name: 'Option B' })).status).toBe(201)
    expect(world.git('rev-parse', 'HEAD')).toBe(world.revisions.broken)
    const shown = await world.runbook(['show', '--json'])
    expect(eventsIn(shown.out)).toContainEqual(
      expect.objectContaining({
        type: 'answered',
        question: expect.stringContaining('Go the other way'),
        by: 'flag',
      }),
    )
    expect((await world.runbook(['verify', 'production'])).exit).toBe(0)
    const back = await world.runbook(['rollback', 'production', '--confirm', 'production', '--yes'])
    expect([back.exit, last(back.out)]).toEqual([0, expect.stringContaining('Rolled back')])
    expect(await readFile(join(world.production, repository), 'utf8')).toContain('import { prisma }')
    expect((await world.call('POST', projects, { name: 'broken again' })).status).toBe(500)
  } finally {
    await rename(`${remote}.away`, remote)
    await rm(place)
  }
})
