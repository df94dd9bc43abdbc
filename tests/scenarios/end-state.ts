import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Event } from '../../runbook/model/event.ts'
import { query } from '../examples/raise-world.ts'
import { contentOf } from './database-content.ts'
import type { ScenarioWorld } from './scenario-world.ts'

/** Everything of production that a run can leave behind, seen by other programs than the tool. */
export const endState = async (world: ScenarioWorld) => {
  const sessions = `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'runbook%'`
  const databases = `SELECT regexp_replace(datname, '_\\d{8}T\\d{6}Z$', '') AS name FROM pg_database ORDER BY 1`
  const backups = join(world.dir, '.runbook/backups')
  return {
    head: world.git('rev-parse', 'HEAD'),
    status: world.git('status', '--porcelain'),
    running: await world.running(),
    database: await contentOf(world.databaseUrl, world.env.PATH!),
    databases: (await query(world.adminUrl, databases)).map(({ name }) => name),
    sessions: (await query(world.adminUrl, sessions)).length,
    // Without the time in their names.
    backups: readdirSync(backups).map((name) => name.replace(/\d{8}T\d{6}Z/, '‹stamp›')),
  }
}
export type EndState = Awaited<ReturnType<typeof endState>>

/** What was done to its end is never begun again, and no migration twice; but for what is done on a copy. */
export const demandOnce = (all: readonly Event[], moment: string): void => {
  const done = new Set<string>()
  const events = all.filter((event) => !('step' in event) || !isOnCopy(event.step!))
  for (const event of events) {
    if (event.type === 'action-started')
      expect(done.has(event.step), `${event.step} performed again, ${moment}`).toBe(false)
    // A stop holds no longer than its run, and neither does the start behind it.
    if (event.type === 'step-done' && !isEdge(event.step)) done.add(event.step)
  }
  const migrated = events.filter(
    (event) => event.type === 'action-ended' && event.action === 'migrate' && event.ok,
  )
  expect(migrated.length, moment).toBeLessThan(2)
}

const isEdge = (step: string): boolean => step.endsWith('pm2-restart')
/** A rehearsal that was killed begins anew, on another copy. */
const isOnCopy = (step: string): boolean => /^(rehearse|code-to-come)/.test(step)
