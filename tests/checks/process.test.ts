import { delimiter } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pm2Present } from '../../checks/pm2-present.ts'
import { processFresh } from '../../checks/process-fresh.ts'
import { processKnown } from '../../checks/process-known.ts'
import { processStable } from '../../checks/process-stable.ts'
import { pm2Home } from '../rig/pm2-home.ts'
import { stepRig } from '../rig/step-rig.ts'

const process = 'my app'
let home: Awaited<ReturnType<typeof pm2Home>>
let rig: Awaited<ReturnType<typeof stepRig>>

const rigWith = (program: string) => {
  const folder = fileURLToPath(new URL(`../fixtures/programs/${program}`, import.meta.url))
  const variables = { ...home.variables, PATH: `${folder}${delimiter}${home.variables.PATH}` }
  return stepRig({ dir: home.dir, variables })
}

beforeAll(async () => {
  home = await pm2Home()
  rig = await stepRig({ dir: home.dir, variables: home.variables })
  home.ecosystem({ name: process, script: 'app.cjs' })
  home.release({})
})
afterAll(async () => {
  rig.dispose()
  await home.dispose()
})

describe('before the daemon runs', () => {
  it('nothing is known, and no look starts it', async () => {
    expect(await rig.look(processKnown(process))).toEqual({
      holds: false,
      seen: `pm2's daemon does not run (PM2_HOME ${home.variables.PM2_HOME})`,
    })
    expect(await rig.look(processFresh({ process, notPids: [] }))).toMatchObject({
      seen: 'pm2 does not know it',
    })
    expect(await rig.look(processStable({ process }))).toEqual({ holds: false, seen: 'pm2 does not know it' })
    expect((await rig.look(pm2Present())).seen).toMatch(/its daemon does not run/)
  })
})

describe('while a process runs', () => {
  beforeAll(async () => {
    await home.pm2('start', 'ecosystem.config.cjs')
    await home.answers()
  })

  it('it is known, fresh where another pid is meant, and stable after its soak', async () => {
    const known = await rig.look(processKnown(process))
    expect(known).toEqual({ holds: true, seen: expect.stringMatching(/^online, pid \d+$/) })
    const pid = Number(known.seen.split(' ').at(-1))
    expect(await rig.look(processFresh({ process, notPids: [pid - 1] }))).toMatchObject({ holds: true })
    expect(await rig.look(processFresh({ process, notPids: [pid] }))).toEqual({
      holds: false,
      seen: `online, pid ${pid}: still the old process`,
    })
    expect(await rig.look(processStable({ process, soak: 500 }))).toEqual({
      holds: true,
      seen: `online, pid ${pid}, 0 restarts in all, none in 0.5 s`,
    })
    expect((await rig.look(pm2Present())).seen).toMatch(/its daemon runs/)
  })

  it('pm2 may talk before its list', async () => {
    const talkative = await rigWith('pm2-talkative')
    expect(await talkative.look(processKnown(process))).toMatchObject({ holds: true })
    talkative.dispose()
  })

  it('a list that is none is said to be none', async () => {
    const speechless = await rigWith('pm2-speechless')
    const { holds, seen } = await speechless.look(processKnown(process))
    expect(holds).toBe(false)
    expect(seen).toContain('it printed: Segmentation fault')
    speechless.dispose()
  })

  it('a look that lasts ends with the process', async () => {
    const began = Date.now()
    const looking = rig.look(processStable({ process, soak: 60_000 }))
    // Its first look takes half a second; what is stopped before that is not a look that lasts.
    await setTimeout(3000)
    await home.pm2('stop', process)
    expect(await looking).toMatchObject({
      holds: false,
      seen: expect.stringMatching(/stop|died|not the process/),
    })
    expect(Date.now() - began).toBeLessThan(30_000)
  })
})
