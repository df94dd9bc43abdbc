import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changes, parallel, reverse } from '../../runbook/index.ts'
import { foldRun } from '../../runbook/journal/fold.ts'
import { JournalFile } from '../../runbook/journal/journal-file.ts'
import { byTime, runId, stampOf } from '../../runbook/journal/run-id.ts'
import { journalOf, listRuns, readRun, readTranscript } from '../../runbook/journal/runs.ts'
import type { Event, Happening } from '../../runbook/model/event.ts'
import { failureOf } from '../../runbook/model/failure.ts'
import { engineRig, leaves } from '../rig/engine-rig.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook transcript '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = new Date('2026-11-22T02:15:00.123Z')
const said = (text: string): Happening => ({ type: 'asked', question: text })
const write = (path: string, ...happenings: Happening[]): Event[] => {
  const journal = new JournalFile(path)
  const events = happenings.map((happening) => journal.append(happening, at, false))
  journal.close()
  return events
}
/** A transcript of a run of some steps, one of which fails. */
const realJournal = async (): Promise<{ text: string; events: Event[] }> => {
  const rig = engineRig()
  try {
    const { journal } = await rig.perform([
      parallel([
        leaves(
          'a',
          {
            sort: 'state',
            undo: () => reverse('code', { back: changes('rm', 'a') }),
            revision: () => ({ from: 'f', to: 't' }),
          },
          'seq 1 20',
        ),
        leaves('b', { sort: 'prepares', output: async () => ({ dump: 'x' }), summary: () => 'evidence' }),
      ]),
      leaves('c', {
        after: () => [
          {
            kind: 'check',
            fact: 'it is so',
            remedy: 'mend it',
            look: async () => ({ holds: false, seen: 'it is not' }),
          },
        ],
      }),
      leaves('d'),
    ])
    const text = readFileSync(journal, 'utf8')
    return {
      text,
      events: text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }
  } finally {
    rig.dispose()
  }
}

describe('a transcript', () => {
  const path = () => join(folder, 'runs/one/journal.jsonl')

  test('chains its lines: each has the hash of the line before it', () => {
    const events = write(path(), said('one'), said('two \u2028 "3"'), said('three'))
    const lines = readFileSync(path(), 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual(events)
    expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(events.map(({ prev }) => prev)).toEqual([
      '0'.repeat(64),
      ...lines.slice(0, -1).map((line) => createHash('sha256').update(line).digest('hex')),
    ])
    expect(events[0]).toEqual({
      seq: 0,
      at: '2026-11-22T02:15:00.123Z',
      type: 'asked',
      question: 'one',
      prev: '0'.repeat(64),
    })
  })

  test('is its owner’s alone, and is made with its first line', () => {
    const journal = new JournalFile(path())
    expect(() => statSync(path())).toThrow()
    journal.append(said('x'), at, true)
    journal.close()
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path())).mode & 0o777).toBe(0o700)
  })

  test('is appended to, never rewritten', async () => {
    const events = write(path(), said('one'), said('two'))
    const last = readFileSync(path(), 'utf8').trimEnd().split('\n').at(-1)!
    const resumed = new JournalFile(path(), {
      seq: events.length - 1,
      hash: createHash('sha256').update(last).digest('hex'),
      whole: true,
      size: statSync(path()).size,
    })
    resumed.append(said('three'), at, true)
    resumed.close()
    const { events: all, flaws } = await readTranscript(path())
    expect([all.map(({ seq }) => seq), flaws]).toEqual([[0, 1, 2], []])
  })

  test('that cannot be written stops the run, and a line that did not fit leaves nothing', () => {
    const journal = new JournalFile('/dev/full')
    const append = () => journal.append(said('x'), at, true)
    expect(append).toThrow()
    try {
      append()
    } catch (error) {
      expect(failureOf(error)).toMatchObject({
        kind: 'journal-failed',
        path: '/dev/full',
        message: expect.stringContaining('ENOSPC'),
      })
    }
    journal.close()
    write(path(), said('x'))
    const below = new JournalFile(join(path(), 'below/journal.jsonl'))
    expect(() => below.append(said('x'), at, true)).toThrow()
  })

  test('is written through no link', () => {
    mkdirSync(dirname(path()), { recursive: true })
    const other = join(folder, 'of somebody else')
    writeFileSync(other, '')
    symlinkSync(other, path())
    expect(() => new JournalFile(path()).append(said('x'), at, true)).toThrow()
    expect(readFileSync(other, 'utf8')).toBe('')
  })
})

describe('reading one', () => {
  const path = () => join(folder, 'journal.jsonl')
  const read = async (text: string) => {
    writeFileSync(path(), text)
    const { events, flaws } = await readTranscript(path())
    return { seqs: events.map(({ seq }) => seq), flaws }
  }

  test('that is whole finds no flaw, also without its last line end', async () => {
    const { text, events } = await realJournal()
    expect(await read(text)).toEqual({ seqs: events.map(({ seq }) => seq), flaws: [] })
    expect((await read(text.trimEnd())).flaws).toEqual([])
    expect(await read('')).toEqual({ seqs: [], flaws: [] })
  })

  test('passes over what was printed where it is not wanted, and still checks it', async () => {
    const { text } = await realJournal()
    writeFileSync(path(), text)
    const { events, flaws } = await readTranscript(path(), { outputs: false })
    expect(events.length).toBeGreaterThan(10)
    expect(events.some(({ type }) => type === 'output')).toBe(false)
    expect(flaws).toEqual([])
    writeFileSync(path(), text.replace('"text":"1\\n2\\n', '"text":"1\\n3\\n'))
    expect((await readTranscript(path(), { outputs: false })).flaws).toHaveLength(1)
  })

  test('that was cut anywhere says which line is not whole, and gives the rest', async () => {
    const { text } = await realJournal()
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: text.length - 1 }), async (length) => {
        const cut = text.slice(0, length)
        const whole = ends.filter((end) => end <= length).length
        const { seqs, flaws } = await read(cut)
        expect(seqs).toEqual([...Array(whole).keys()])
        const partial = !ends.includes(length) && !ends.includes(length - 1)
        expect(flaws).toEqual(
          partial ? [{ line: whole + 1, what: 'was cut short, as by a crash', cut: true }] : [],
        )
      }),
      { numRuns: 60 },
    )
  })

  test('in which one sign was changed names the line, or the line after it', async () => {
    const { text } = await realJournal()
    const lines = text.trimEnd().split('\n')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lines.length - 1),
        fc.nat(10_000),
        fc.constantFrom('x', '"', '0', '{', '\\'),
        async (line, place, sign) => {
          const changed = lines.map((one, i) => {
            const at = place % one.length
            return i === line ? one.slice(0, at) + sign + one.slice(at + 1) : one
          })
          fc.pre(changed[line] !== lines[line])
          const { flaws } = await read(`${changed.join('\n')}\n`)
          expect(flaws.length).toBeGreaterThan(0)
          for (const flaw of flaws) expect([line + 1, line + 2]).toContain(flaw.line)
        },
      ),
      { numRuns: 600 },
    )
  })

  test.each<[string, (lines: string[]) => string[], number]>([
    ['a line was taken out', (lines) => lines.toSpliced(4, 1), 5],
    ['a line was put in', (lines) => lines.toSpliced(4, 0, lines[2]!), 5],
    ['two lines changed places', (lines) => lines.toSpliced(4, 2, lines[5]!, lines[4]!), 5],
    ['the beginning was taken away', (lines) => lines.slice(3), 1],
  ])('where %s says so', async (_, change, line) => {
    const { text } = await realJournal()
    const { flaws } = await read(`${change(text.trimEnd().split('\n')).join('\n')}\n`)
    expect(flaws[0]).toEqual({ line, what: 'does not follow from the line before it' })
  })

  test('of bytes that are no text says which line it is', async () => {
    write(path(), said('one'))
    appendFileSync(path(), Buffer.from([0xff, 0x00, 0x0a]))
    expect((await readTranscript(path())).flaws).toEqual([{ line: 2, what: 'is not a whole event' }])
  })

  test('that is not there fails with its path', async () => {
    await expect(readTranscript(path())).rejects.toMatchObject({
      failure: { kind: 'file-failed', path: path(), code: 'ENOENT' },
    })
  })

  test('with a line of many megabytes costs no more than that line', async () => {
    write(path(), said('a'), said('x'.repeat(8_000_000)), said('b'))
    const { events, flaws } = await readTranscript(path())
    expect([events.map(({ seq }) => seq), flaws]).toEqual([[0, 1, 2], []])
  })
})

describe('the fold', () => {
  test('over any beginning of a transcript is the state at that moment', async () => {
    const { events } = await realJournal()
    for (let length = 0; length <= events.length; length++) {
      const seen = events.slice(0, length)
      const state = foldRun(seen)
      const of = (type: Event['type'], step: string) =>
        seen.findLast((event) => event.type === type && 'step' in event && event.step === step)
      expect(state.started !== undefined).toBe(length > 0)
      expect(state.ended !== undefined).toBe(length === events.length)
      expect(state.changed).toBe(seen.some((event) => event.type === 'action-started' && event.step !== 'b'))
      expect(state.revision).toEqual(of('observed', 'a') ? { from: 'f', to: 't' } : null)
      for (const step of ['a', 'b', 'c', 'd']) {
        const record = state.steps.get(step)
        const is = of('step-done', step)
          ? 'done'
          : of('step-failed', step)
            ? 'failed'
            : of('step-started', step)
              ? 'in-doubt'
              : undefined
        expect(record?.state.is).toBe(is)
        expect([...(record?.actions.keys() ?? [])]).toEqual(of('action-started', step) ? ['leave'] : [])
        expect(record?.actions.get('leave')?.result !== undefined).toBe(
          of('action-ended', step) !== undefined,
        )
        expect(record?.undo).toEqual((of('undo-frozen', step) as { undo?: unknown } | undefined)?.undo)
      }
    }
  })

  test('gives what was done, with what and how', async () => {
    const { events } = await realJournal()
    const { steps, ended } = foldRun(events)
    expect(steps.get('a')).toMatchObject({
      sort: 'state',
      title: 'Leave a',
      undo: { kind: 'reverse', actions: { back: { argv: ['rm', 'a'] } } },
    })
    expect(steps.get('b')?.state).toMatchObject({ is: 'done', output: { dump: 'x' }, summary: 'evidence' })
    expect(steps.get('c')?.state).toMatchObject({ is: 'failed', failure: { kind: 'after-unmet' } })
    expect(steps.has('d')).toBe(false)
    expect(ended).toMatchObject({ verdict: 'failed', exit: 1 })
  })

  test('is not disturbed by what a later version may write', () => {
    const unknown = { type: 'something-new', step: 'x', at: '' } as unknown as Event
    expect(foldRun([unknown]).steps.size).toBe(0)
  })
})

describe('runs', () => {
  test('have ids that sort by time, and can be file names', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true }),
        fc.date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true }),
        (one, two) => {
          // Two of one second, too, whatever their commands are called.
          const a = runId(one, 'production', 'rollback')
          const b = runId(two, 'staging', 'deploy')
          if (one.getTime() !== two.getTime())
            expect(Math.sign(byTime(a, b))).toBe(Math.sign(one.getTime() - two.getTime()))
          expect(a).toMatch(/^\d{8}T\d{6}Z-production-rollback-[0-9a-f]{4}$/)
        },
      ),
    )
    expect(stampOf(at)).toBe('20261122T021500Z')
  })

  test('are listed by time; what is no run is passed over', async () => {
    const ids = [
      '20261122T021500Z-production-deploy-7f3a',
      '20261121T021500Z-staging-verify-0001',
      '20271122T021500Z-a-deploy-0000',
    ]
    for (const id of ids) write(journalOf(folder, id), said(id))
    mkdirSync(join(folder, 'runs/empty'))
    mkdirSync(journalOf(folder, 'a-folder'), { recursive: true })
    writeFileSync(join(folder, 'runs/a file'), '')
    expect(listRuns(folder)).toEqual([ids[1], ids[0], ids[2]])
    expect(listRuns(join(folder, 'absent'))).toEqual([])
    expect((await readRun(folder, ids[0]!)).steps.size).toBe(0)
  })
})

describe('an effect that the environment’s ledger does not have', () => {
  test.each([
    ['where it does not know the run', null, 1],
    ['of a step that goes back, where it knows the run alone', { anchors: new Map(), steps: [] }, 1],
    ['where nobody has asked it', undefined, 0],
  ] as const)('is no line of a run: %s', async (_, ledger, count) => {
    const { text } = await realJournal()
    const path = join(folder, 'journal.jsonl')
    writeFileSync(path, text)
    const { flaws } = await readTranscript(path, {
      ledger: ledger && { ...ledger, steps: [...ledger.steps] },
    })
    expect(flaws.map(({ unknown }) => unknown)).toEqual(Array(count).fill(true))
    expect(flaws.every(({ what }) => /^is an effect/.test(what))).toBe(true)
  })
})
