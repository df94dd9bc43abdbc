import { JournalFile } from '../runbook/journal/journal-file.ts'
import { runId } from '../runbook/journal/run-id.ts'
import { journalOf } from '../runbook/journal/runs.ts'
import type { Happening } from '../runbook/model/event.ts'

/** Writes so many transcripts of ordinary deployments, some 40 lines each, into a state folder. */
export const writeRuns = (stateDir: string, count: number, from = 0): void => {
  for (let i = from; i < from + count; i++) {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 600_000)
    const run = runId(at, 'production', 'deploy', 0)
    const journal = new JournalFile(journalOf(stateDir, run))
    for (const happening of deployment(run, i)) journal.append(happening, at, false)
    journal.close()
  }
}

const deployment = (run: string, i: number): Happening[] => {
  const revision = (n: number) => n.toString(16).padStart(40, '0')
  return [
    {
      ...{ type: 'run-started', run, book: 'shop', env: 'production', command: 'deploy', operator: 'ada' },
      ...{ machine: 'desk', pid: i + 1, version: '0.1.0', fingerprint: '9f2c4d5e6f708192' },
    },
    ...['backup', 'pull', 'install', 'build', 'restart'].flatMap((step): Happening[] => [
      { type: 'step-started', step, title: `Do ${step}`, sort: 'state' },
      {
        ...{ type: 'observed', step, observed: { from: revision(i), to: revision(i + 1) } },
        ...(step === 'pull' && { revision: { from: revision(i), to: revision(i + 1) } }),
      },
      { type: 'looked', step, side: 'before', fact: 'it may begin', holds: true, seen: 'it may', ms: 3 },
      { type: 'undo-frozen', step, undo: { kind: 'nothing', because: 'it is measured' } },
      { type: 'action-started', step, action: 'act', printed: `do ${step} --of ${revision(i + 1)}` },
      { type: 'output', step, action: 'act', stream: 'out', text: `${step} says something\n`.repeat(20) },
      { type: 'action-ended', step, action: 'act', ok: true, ms: 1200, exit: 0 },
      { type: 'step-done', step, output: null, summary: `${step} is done`, ms: 1300 },
    ]),
    { type: 'run-ended', verdict: 'done', exit: 0, ms: 6500 },
  ]
}
