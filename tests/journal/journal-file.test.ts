import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../runbook/doors/clock.ts'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { JournalFile } from '../../runbook/journal/journal-file.ts'
import { Recorder } from '../../runbook/journal/recorder.ts'
import { readTranscript } from '../../runbook/journal/runs.ts'
import type { Event } from '../../runbook/model/event.ts'

const home = mkdtempSync(join(tmpdir(), 'runbook-journal-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('what a child printed stands in the transcript as it stands in the events', async () => {
  const path = join(home, 'run', 'journal.jsonl')
  const journal = new JournalFile(path)
  const redactor = new Redactor()
  redactor.learn('TOKEN', 'geheim "1"')
  const recorder = new Recorder(redactor, systemClock, journal)
  const shown: Event[] = []
  recorder.onEvent((event) => shown.push(event))
  recorder.record({ type: 'step-started', step: 'build', title: 'Build – ✓', sort: 'follows' })
  const output = recorder.output('build', 'bäu')
  const printed = 'tab\t "quoted" back\\slash \u0000\u001b[1m\u007f\u0085\u2028 ✓ 🚀 geheim "1"\r\n'
  output.write('out', Buffer.from(printed))
  output.write('err', Buffer.from('✓'.repeat(100_000)))
  output.end()
  recorder.record({ type: 'step-done', step: 'build', output: null, summary: '', ms: 1 }, { durable: true })
  journal.close()

  const { events, flaws } = await readTranscript(path)
  expect(flaws).toEqual([])
  expect(events).toEqual(JSON.parse(JSON.stringify(shown)))
  expect(events[1]).toEqual({
    seq: 1,
    at: expect.any(String),
    type: 'output',
    step: 'build',
    action: 'bäu',
    stream: 'out',
    text: printed.replace('geheim "1"', '‹secret TOKEN›'),
    prev: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(shown[2]).toMatchObject({ stream: 'err', text: '✓'.repeat(100_000) })
  expect(output.last()).toMatch(/^\uFFFD?✓{5000,}$/)
  expect(readFileSync(path, 'utf8')).not.toContain('geheim')
})
