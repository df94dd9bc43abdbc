import { execFileSync } from 'node:child_process'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pm2Restart } from '../../steps/pm2-restart.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { stepRig } from '../rig/step-rig.ts'

// One process under pm2, and what may be the matter with it, one after the other.

let home: Awaited<ReturnType<typeof pm2Home>>
let rig: Awaited<ReturnType<typeof stepRig>>
const restart = () =>
  pm2Restart({
    process: 'shop',
    ecosystem: 'ecosystem.config.cjs',
    soak: 300,
    revision: false,
    id: 'start-the-shop',
  })
const find = async (id: string) => (await rig.diagnose(restart()))[id]!

beforeAll(async () => {
  home = await pm2Home()
  execFileSync('git', ['init', '-q'], { cwd: home.dir })
  mkdirSync(join(home.dir, 'dist'))
  writeFileSync(join(home.dir, 'dist/server.cjs'), "require('../app.cjs')\n")
  home.ecosystem({ name: 'shop', script: 'dist/server.cjs' })
  rig = await stepRig({ dir: home.dir, app: { url: home.url, health: '/health' }, variables: home.variables })
  home.release({ revision: 'a'.repeat(40) })
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
})
afterAll(async () => {
  rig.dispose()
  await home.dispose()
})

test('where all is well nothing is found', async () => {
  const found = await rig.diagnose(restart())
  expect(Object.entries(found).map(([id, { found }]) => [id, found])).toEqual([
    ['old-process', 'no'],
    ['crashing-process', 'no'],
    ['no-answer', 'no'],
    ['errors-in-log', 'no'],
  ])
  expect(found['old-process']!.seen).toMatch(/^started \d+ s after server\.cjs was written$/)
})

test('a process that is older than what it runs; started anew it is not', async () => {
  const later = Date.now() / 1000 + 100
  utimesSync(join(home.dir, 'dist/server.cjs'), later, later)
  expect(await find('old-process')).toMatchObject({
    found: 'cause',
    seen: expect.stringMatching(/^server\.cjs was written \d+ s after it was started$/),
    remedy: 'runbook run mend-old-process rig',
  })
  const now = Date.now() / 1000
  utimesSync(join(home.dir, 'dist/server.cjs'), now, now)
  const mended = await rig.run(rig.remedy('old-process', restart()))
  expect(mended.failure).toBeUndefined()
  expect(mended.performed).toEqual(['pm2 delete shop', 'pm2 start ecosystem.config.cjs --only shop'])
  expect(await find('old-process')).toMatchObject({ found: 'no' })
})

test('an error in its log, and what the log says', async () => {
  home.release({ error: 'Error: relation "avatars" does not exist', status: 500 })
  await home.pm2('restart', 'shop')
  await home.answers()
  const found = await rig.diagnose(restart())
  expect(found['errors-in-log']).toMatchObject({
    found: 'sign',
    seen: expect.stringContaining('relation "avatars" does not exist'),
    remedy: 'pm2 logs shop --err --lines 100',
  })
  expect(found['no-answer']).toMatchObject({ found: 'sign', seen: expect.stringMatching(/^500 in /) })
})

test('a process that dies at once: its log stands with it; mended, it is started anew', async () => {
  home.release({ diesAtOnce: true, error: 'Error: Cannot find module ./client' })
  await home.pm2('restart', 'shop')
  const crashing = await find('crashing-process')
  expect(crashing).toMatchObject({ found: 'cause', remedy: 'runbook run mend-crashing-process rig' })
  expect(crashing.tail).toContain('Cannot find module ./client')
  home.release({ revision: 'b'.repeat(40) })
  expect((await rig.run(rig.remedy('crashing-process', restart()))).failure).toBeUndefined()
  expect(await find('crashing-process')).toMatchObject({ found: 'no' })
})

test('started anew needs the file that it is started from', () => {
  const { mistakes } = pm2Restart({ process: 'shop', how: 'anew' })
  expect(mistakes).toEqual([{ at: 'steps.pm2-restart.ecosystem', expected: 'is needed, to start it anew' }])
})
