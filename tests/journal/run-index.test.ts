import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeRuns } from '../../bench/many-runs.ts'
import { foldRun } from '../../runbook/journal/fold.ts'
import { historyOf, toRollBack } from '../../runbook/journal/history.ts'
import { lastDeployment, pastRuns } from '../../runbook/journal/past-runs.ts'
import type { RunSummary } from '../../runbook/journal/run-index.ts'
import { journalOf, listRuns, readTranscript } from '../../runbook/journal/runs.ts'

let stateDir = ''
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'runbook index '))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const index = () => join(stateDir, 'index.json')
const past = async (env?: string): Promise<RunSummary[]> => {
  const all: RunSummary[] = []
  for await (const run of pastRuns(stateDir, env)) all.push(run)
  return all
}
const fromTranscripts = () =>
  Promise.all(
    listRuns(stateDir)
      .reverse()
      .map(async (id) => {
        const { events, end } = await readTranscript(journalOf(stateDir, id))
        const { started, ended, revision } = foldRun(events)
        return { id, started, ended, revision, begun: true, changedState: true, seq: end.seq, hash: end.hash }
      }),
  )
/** Other words of the same length, with the times that it had. */
const falsify = (id: string) => {
  const path = journalOf(stateDir, id)
  const { atime, mtime } = statSync(path)
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"ada"', '"eve"'))
  utimesSync(path, atime, mtime)
}

test('what the index says is what the transcripts say, made anew or found', async () => {
  writeRuns(stateDir, 40)
  const truth = await fromTranscripts()
  expect(await past()).toEqual(truth)
  expect(statSync(index()).mode & 0o777).toBe(0o600)
  expect(await past()).toEqual(truth)
  expect(await past('production')).toEqual(truth)
  expect(await past('staging')).toEqual([])
  const latest = truth[0]!.id
  expect((await lastDeployment(stateDir, 'production'))?.id).toBe(latest)
  const history = await historyOf(stateDir, 'production', { runs: [], lines: [], damaged: [] })
  expect(toRollBack(history, { database: false })?.id).toBe(latest)
})

test('a transcript that is known is not read again, and one that has changed is', async () => {
  writeRuns(stateDir, 20)
  const [latest, second] = await past()
  falsify(latest!.id)
  // Precisely of the time that the index has: it counts as known.
  const { modified } = JSON.parse(readFileSync(index(), 'utf8')).entries.find(
    (entry: { summary: RunSummary }) => entry.summary.id === latest!.id,
  )
  utimesSync(journalOf(stateDir, latest!.id), new Date(), modified / 1000)
  const same = statSync(journalOf(stateDir, latest!.id)).mtimeMs === modified
  if (same) expect((await past())[0]!.started!.operator).toBe('ada')
  falsify(second!.id)
  utimesSync(journalOf(stateDir, second!.id), new Date(), new Date(0))
  expect((await past())[1]!.started!.operator).toBe('eve')
})

test.each([
  ['is gone', () => rmSync(index())],
  ['is cut', () => writeFileSync(index(), readFileSync(index()).subarray(0, 500))],
  ['is of another form', () => writeFileSync(index(), '{"form":0,"entries":[]}')],
  ['is nonsense', () => writeFileSync(index(), 'null')],
  ['has nonsense in it', () => writeFileSync(index(), '{"form":1,"entries":[null, 7]}')],
])('an index that %s is made anew', async (_, spoil) => {
  writeRuns(stateDir, 20)
  const before = await past()
  spoil()
  expect(await past()).toEqual(before)
  expect(JSON.parse(readFileSync(index(), 'utf8')).entries).toHaveLength(20)
})

test('runs that were removed are not in it for long, and few runs need none', async () => {
  writeRuns(stateDir, 5)
  await past()
  expect(existsSync(index())).toBe(false)
  writeRuns(stateDir, 35, 5)
  const all = await past()
  for (const { id } of all.slice(0, 20)) rmSync(join(stateDir, 'runs', id), { recursive: true })
  expect(await past()).toEqual(all.slice(20))
  for (const { id } of all.slice(20, 35)) utimesSync(journalOf(stateDir, id), new Date(), new Date(0))
  await past()
  expect(JSON.parse(readFileSync(index(), 'utf8')).entries).toHaveLength(20)
})

test('a folder in which nothing may be written is only read more slowly', async () => {
  writeRuns(stateDir, 20)
  chmodSync(stateDir, 0o500)
  try {
    expect(await past()).toHaveLength(20)
  } finally {
    chmodSync(stateDir, 0o700)
  }
})
