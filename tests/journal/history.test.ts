import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeRuns } from '../../bench/many-runs.ts'
import { historyOf } from '../../runbook/journal/history.ts'
import { journalOf, listRuns, readTranscript } from '../../runbook/journal/runs.ts'
import { type LedgerLine, readLedger } from '../../runbook/model/ledger.ts'

// What the ledger tells, and what it and the transcripts here tell together.

let stateDir = ''
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'runbook history '))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const SCOPE = { env: 'production', prefix: '' }
const line = (run: string, more: object): string =>
  JSON.stringify({ run, at: '2026-11-28T10:00:00.000Z', ...more } as LedgerLine)
const opened = (run: string, more = {}) =>
  line(run, {
    line: 'opened',
    ...SCOPE,
    command: 'deploy',
    operator: 'eve',
    machine: 'far',
    nonce: run,
    ...more,
  })
const closed = (run: string, seq: number) => line(run, { line: 'closed', verdict: 'done', exit: 0, seq })
const ledger = (lines: string[], whole = true) => readLedger({ text: lines.join('\n'), whole }, SCOPE)

test('a run of which no line tells how it began is not passed over in silence', () => {
  const lines = [closed('a', 7), opened('b'), closed('b', 7), closed('c', 7), 'no line']
  expect(ledger(lines).damaged).toEqual([1, 4, 5])
  expect(ledger(lines).runs.map(({ id }) => id)).toEqual(['b'])
})

test('of a long one, of which only the end was read, it is the beginning that is missing', () => {
  expect(ledger([closed('a', 7), opened('b'), closed('b', 7)], false).damaged).toEqual([])
})

test('what another application or environment of the clone has done is none of ours, nor damaged', () => {
  const { runs, damaged } = ledger([
    opened('a', { env: 'staging' }),
    closed('a', 7),
    opened('b', { prefix: 'api/' }),
  ])
  expect([runs, damaged]).toEqual([[], []])
})

test('how a run ended is told by whichever was written later: the transcript here, or the ledger', async () => {
  writeRuns(stateDir, 1)
  const [id = ''] = listRuns(stateDir)
  const { end } = await readTranscript(journalOf(stateDir, id))
  const verdicts = async (seq: number, verdict: string) => {
    const content = ledger([opened(id), line(id, { line: 'closed', verdict, exit: 1, seq })])
    return (await historyOf(stateDir, 'production', content)).map(({ summary }) => summary.ended?.verdict)
  }
  expect(await verdicts(end.seq, 'failed')).toEqual(['done'])
  expect(await verdicts(end.seq + 9, 'failed')).toEqual(['failed'])
  const resumed = ledger([
    opened(id),
    closed(id, 3),
    line(id, { line: 'resumed', seq: end.seq + 1, nonce: 'r' }),
  ])
  const [known] = await historyOf(stateDir, 'production', resumed)
  expect(known?.summary.ended).toBeUndefined()
})
