import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientFitsServer } from '../../checks/client-fits-server.ts'
import { toolPresent } from '../../checks/tool-present.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let bin: string
let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
beforeAll(async () => {
  bin = mkdtempSync(join(tmpdir(), 'tools '))
  db = await freshDatabase()
  rig = await stepRig({ dir: '/', databaseUrl: db.url, variables: { PATH: `${bin}:${process.env.PATH}` } })
})
afterAll(async () => {
  rig.dispose()
  rmSync(bin, { recursive: true })
  await db.drop()
})
const program = (name: string, says: string) => {
  writeFileSync(join(bin, name), `#!/bin/sh\ncat <<'END'\n${says}\nEND\n`)
  chmodSync(join(bin, name), 0o755)
}

test.each([
  ['git version 2.39.5 (Apple Git-154)', '>=2.5', true, '2.39.5'],
  ['git version 2.39.5', '>=2.40', false, '2.39.5'],
  ['v20.20.2', '>=20.19', true, '20.20.2'],
  ['10.9', '>=9.9.9', true, '10.9'],
  ['psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15', true, '15.18'],
  ['psql (PostgreSQL) 17beta1', '>=17', true, '17'],
  ['psql (PostgreSQL) 16.1', '15', false, '16.1'],
  ['1.20.1', '1.2', false, '1.20.1'],
  [
    '[PM2] Spawning PM2 daemon with pm2_home=/tmp/12/.pm2\n[PM2] PM2 Successfully daemonized\n7.0.4',
    '>=7',
    true,
    '7.0.4',
  ],
  ['a tool of mine', '>=1', false, 'says-that --version names no version'],
  ['a tool of mine', undefined, true, 'says-that answers --version'],
])('%j against %s', async (says, version, holds, seen) => {
  program('says-that', says)
  expect(await rig.look(toolPresent('says-that', version ? { version } : {}))).toEqual({ holds, seen })
})

test('a program that is not there, and how to get it', async () => {
  const check = toolPresent('no-such-tool', { version: '>=15', install: 'apt-get install no-such-tool' })
  expect(check).toMatchObject({
    fact: 'no-such-tool 15 or newer is installed',
    remedy: 'apt-get install no-such-tool',
  })
  const verdict = await rig.look(check)
  expect(verdict.holds).toBe(false)
  expect(verdict.seen).toContain('command-missing')
})

test('clients: older than the server refused, newer said, the same plain', async () => {
  program('pg_dump', 'pg_dump (PostgreSQL) 9.6.24')
  expect(await rig.look(clientFitsServer('pg_dump'))).toMatchObject({
    holds: false,
    seen: expect.stringMatching(/^pg_dump 9\.6\.24, server \d/),
  })
  program('pg_dump', 'pg_dump (PostgreSQL) 99.1')
  expect(await rig.look(clientFitsServer('pg_dump'))).toMatchObject({
    holds: true,
    seen: expect.stringContaining('newer, a dump may not restore'),
  })
  program('pg_dump', 'something else')
  expect(await rig.look(clientFitsServer('pg_dump'))).toMatchObject({
    holds: false,
    seen: expect.stringContaining('unknown version'),
  })
  expect(await rig.look(clientFitsServer('pg_restore'))).toMatchObject({
    holds: true,
    seen: expect.not.stringContaining('newer'),
  })
})
