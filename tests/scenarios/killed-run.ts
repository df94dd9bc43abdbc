import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { journalOf, listRuns } from '../../runbook/journal/runs.ts'
import type { Event } from '../../runbook/model/event.ts'
import { type Hit, killerAt, type Moment } from '../rig/killer.ts'
import { demandOnce, type EndState, endState } from './end-state.ts'
import type { ScenarioWorld } from './scenario-world.ts'

export interface Killed {
  /** What was killed: `deploy production --confirm production`. */
  args: readonly string[]
  moment: Moment
  hit?: Hit
  /** The state that an undisturbed run ends in. */
  expected: EndState
}

/** Kills a run at a moment, goes on with it, and holds what came of it against an undisturbed run. */
export const killAndResume = async (world: ScenarioWorld, { args, moment, hit, expected }: Killed) => {
  const config = args.includes('--config') ? ['--config', args[args.indexOf('--config') + 1]!] : []
  const said = `${args[0]} killed at ${moment}${hit?.delay ? ` + ${hit.delay} ms` : ''}`
  const killed = await world.runbook(args, { env: killerAt(moment, hit) })
  // One that had come to its end before the blow has nothing to go on with.
  expect([null, 0], `${said}: ${killed.out}${killed.err}`).toContain(killed.exit)
  const resumed = await world.runbook(['resume', ...config, '--confirm', 'production', '--yes'])
  expect(resumed.exit, `${said}: ${resumed.out}${resumed.err}`).toBe(0)
  const events = transcriptOf(world)
  expect(events.at(-1), said).toMatchObject({ type: 'run-ended', exit: 0 })
  demandOnce(events, said)
  expect(await endState(world), said).toEqual(expected)
  return { killed: killed.exit === null, resumed: resumed.out }
}

/** Of the latest run. */
export const transcriptOf = ({ dir }: ScenarioWorld): Event[] => {
  const stateDir = `${dir}/.runbook`
  const text = readFileSync(journalOf(stateDir, listRuns(stateDir).at(-1)!), 'utf8')
  // A line that was cut is set aside.
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
