import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pm2Restart } from '../../../steps/pm2-restart.ts'
import { pm2Home } from '../../rig/pm2-home.ts'
import { stepRig } from '../../rig/step-rig.ts'

let home: Awaited<ReturnType<typeof pm2Home>>
let rig: Awaited<ReturnType<typeof stepRig>>
beforeEach(async () => {
  home = await pm2Home()
  home.ecosystem({ name: 'api', script: 'app.cjs' })
  home.release({ revision: 'a'.repeat(40) })
  rig = await stepRig({ dir: home.dir, app: { url: home.url, health: '/health' }, variables: home.variables })
  await home.pm2('start', 'ecosystem.config.cjs')
  await home.answers()
})
afterEach(async () => {
  rig.dispose()
  await home.dispose()
})
const restart = (more = {}) =>
  pm2Restart({ process: 'api', ecosystem: 'ecosystem.config.cjs', soak: 300, revision: false, ...more })
const killDaemon = () =>
  process.kill(Number(readFileSync(join(home.variables.PM2_HOME, 'pm2.pid'), 'utf8')), 'SIGKILL')

test('what was stopped is started from the ecosystem file where the daemon has died since', async () => {
  const stop = { ...restart().stop!({ env: rig.env }), id: 'stop-api' }
  expect((await rig.run(stop)).failure).toBeUndefined()
  killDaemon()
  const step = restart()
  const run = await rig.run({ ...step, ...step.stopped!(stop) })
  expect(run.failure).toBeUndefined()
  expect(run.performed).toEqual(['pm2 ping', 'pm2 start ecosystem.config.cjs --only api'])
  await home.answers()
})

test('a daemon that dies under a command is named, with what users meet with and what to type', async () => {
  // pm2's own command waits for its daemon then, for ever.
  const real = home.variables.PATH.split(':')[0]
  writeFileSync(
    join(home.dir, 'pm2'),
    `#!/bin/sh\ncase "$1" in restart) kill -9 $(cat "$PM2_HOME/pm2.pid"); exec sleep 600 ;; esac\nexec "${real}/pm2" "$@"\n`,
    { mode: 0o755 },
  )
  const variables = { ...home.variables, PATH: `${home.dir}:${home.variables.PATH}` }
  const dying = await stepRig({ dir: home.dir, app: { url: home.url, health: '/health' }, variables })
  try {
    const { failure } = await dying.run(restart({ timeout: 1_500 }))
    expect(failure).toMatchObject({ kind: 'after-unmet' })
    const [unmet] = (failure as { unmet: { fact: string; seen: string; remedy: string }[] }).unmet
    expect(unmet!.fact).toContain(`pm2's daemon runs (PM2_HOME ${home.variables.PM2_HOME})`)
    expect(unmet!.seen).toMatch(/it is gone: `pm2 restart api.*was not done after 2 s.*GET \/health: /)
    expect(unmet!.remedy).toBe('start it again from ecosystem.config.cjs: runbook resume')
  } finally {
    dying.dispose()
  }
  // The next attempt looks anew.
  const again = await rig.run(restart())
  expect(again.failure).toBeUndefined()
  expect(again.performed).toEqual(['pm2 ping', 'pm2 start ecosystem.config.cjs --only api'])
})
