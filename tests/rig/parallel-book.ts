import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { findProcesses, inspect } from '../../examples/world/processes.ts'
import { journalOf, listRuns } from '../../runbook/journal/runs.ts'
import type { Event } from '../../runbook/model/event.ts'
import { bookFolder, bookOf, eventsIn } from './command-line.ts'
import { type Hit, killerAt, type Moment } from './killer.ts'

/** Each line of the file `ran` is one performance of a step. */
export const ran = (id: string, more = '{}') => `does('${id}', 'echo ${id} >> ran', ${more})`
/** Of a step with the id `b`: it changes a state, and has a way back. */
export const back = "{ sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-b') }) }"
/** Steps of every sort, some beside each other. */
export const parallelBook = `phase('First', [${ran('a', "{ sort: 'prepares' }")}, parallel([${ran('b', back)}, sequence([${ran('c')}, ${ran('d')}])])]),
  phase('Then', [${ran('e')}, sh('f', 'echo f >> seen', { sort: 'verifies', after: () => [left('done-e')] })])`

/** A book in a folder of its own, its deployment hit at a moment, and gone on with. */
export const resumableBook = async (steps: string, options?: Parameters<typeof bookOf>[1]) => {
  const book = await bookFolder(bookOf(steps, options))
  const journal = () => journalOf(book.stateDir, listRuns(book.stateDir).at(-1)!)
  return {
    ...book,
    journal,
    read: (name: string) => (existsSync(book.in(name)) ? readFileSync(book.in(name), 'utf8') : ''),
    events: (): Event[] => eventsIn(readFileSync(journal(), 'utf8')),
    hit: (moment: Moment, hit?: Hit) =>
      book.runbook(['deploy', 'staging', '--yes'], { variables: killerAt(moment, hit) }),
    resume: (...more: string[]) => book.runbook(['resume', '--yes', ...more]),
  }
}

/** Each event of an undisturbed run of the parallel book but its last, by its number from 1. */
export const eventsOfParallelBook = async (): Promise<number[]> => {
  const { runbook, events, dispose } = await resumableBook(parallelBook)
  try {
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    return events()
      .slice(1)
      .map((_, i) => i + 1)
  } finally {
    await dispose()
  }
}

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

/**
 * Hits a run of the parallel book at an event and goes on with it: it comes to its end, each step was performed once,
 * and one transcript tells of it. A signal that can be heard has left nothing running, and the lock free.
 */
export const hitAndResume = async (
  moment: number,
  signal: 'SIGKILL' | keyof typeof STATUS,
): Promise<void> => {
  const said = `${signal} at event ${moment}`
  const { hit, resume, read, events, runbook, app, dispose } = await resumableBook(parallelBook)
  try {
    const ended = await hit(moment, { signal })
    // A signal is heard a moment later: by then a run that was all but done has come to its end.
    if (ended.exit === 0 && events().length - moment < 5) return
    if (signal === 'SIGKILL') expect(ended.signal, said).toBe('SIGKILL')
    else {
      expect(ended.exit, `${said}: ${ended.out}`).toBe(STATUS[signal])
      expect(events().at(-1), said).toMatchObject({ type: 'run-ended', verdict: 'interrupted' })
      expect(
        findProcesses((pid) => inspect.cwd(pid) === app),
        said,
      ).toEqual([])
    }
    // What had begun nothing is started again.
    const isBegun = signal === 'SIGKILL' || events().some(({ type }) => type === 'action-started')
    const { exit, out, err } = isBegun
      ? await resume('--verbose')
      : await runbook(['deploy', 'staging', '--yes', '--verbose'])
    expect(exit, `${said}: ${out}${err}`).toBe(0)
    if (signal !== 'SIGKILL') expect(out, said).not.toContain('taken over')
    const performed = read('ran').trim().split('\n').sort()
    // What a signal has ended in the middle, such as between its two lines of shell, is done again.
    expect(signal === 'SIGKILL' ? performed : [...new Set(performed)], said).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ])
    expect(events().at(-1), said).toMatchObject({ type: 'run-ended', verdict: 'done' })
    expect((await runbook(['show', '--json'])).err, said).toBe('')
  } finally {
    await dispose()
  }
}

/** A few at a time: most of it is waiting for processes to start. */
export const fewAtATime = async <T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
  const waiting = all.values()
  const worker = async () => {
    for (const one of waiting) await work(one)
  }
  await Promise.all([worker(), worker(), worker()])
}
