import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectedDurations } from '../../runbook/journal/durations.ts'
import { JournalFile } from '../../runbook/journal/journal-file.ts'
import { runId } from '../../runbook/journal/run-id.ts'
import { journalOf } from '../../runbook/journal/runs.ts'

const stateOf = () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'durations '))
  onTestFinished(() => rmSync(stateDir, { recursive: true }))
  let hour = 0
  const restored = (command: 'rollback' | 'restore', weight: number | undefined, ms: number) => {
    const at = new Date(Date.UTC(2026, 0, 1, hour++))
    const run = runId(at, 'production', command, 0)
    const journal = new JournalFile(journalOf(stateDir, run))
    const step = 'bring-backup'
    for (const event of [
      { type: 'step-started', step, title: 'Bring', sort: 'prepares' },
      { type: 'observed', step, observed: weight === undefined ? {} : { weight } },
      { type: 'step-done', step, output: null, summary: '', ms },
      { type: 'step-started', step: 'swap', title: 'Swap', sort: 'state' },
      { type: 'step-done', step: 'swap', output: null, summary: '', ms: 70 },
      { type: 'run-ended', verdict: 'done', exit: 0, ms },
    ] as const)
      journal.append(event, at, false)
    journal.close()
  }
  return { stateDir, restored }
}

test('how long a restore takes follows from the size of what is restored, and from how fast earlier ones were', async () => {
  const { stateDir, restored } = stateOf()
  restored('rollback', 1_000, 100)
  restored('restore', 4_000, 400)
  restored('rollback', 2_000, 200)
  const { steps } = await expectedDurations(stateDir, 'production', 'rollback')
  expect(steps.expected('bring-backup', { weight: 1_000_000 })).toBe(100_000)
  expect(steps.expected('bring-backup', { weight: 10 })).toBe(1)
  // Where nothing has a weight, it is the median.
  expect(steps.expected('swap', null)).toBe(70)
})

test('of runs that did not say how much they restored, nothing follows for another size', async () => {
  const { stateDir, restored } = stateOf()
  restored('rollback', undefined, 100)
  const { steps } = await expectedDurations(stateDir, 'production', 'rollback')
  expect(steps.expected('bring-backup', { weight: 1_000_000 })).toBeUndefined()
})
