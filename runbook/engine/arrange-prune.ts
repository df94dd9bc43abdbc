import { basename, dirname } from 'node:path'
import type { Backup } from '../journal/backups.ts'
import { stampText } from '../journal/stamp-time.ts'
import { type Actions, changes, executes, reads, selects } from '../model/action.ts'
import { manifestOf } from '../model/backup-manifest.ts'
import { phase } from '../model/book.ts'
import { defineCheck, fails, holds } from '../model/check.ts'
import type { Place } from '../model/environment.ts'
import { bytes, quantity } from '../model/quantity.ts'
import { typed } from '../model/shell-word.ts'
import { sqlName } from '../model/sql-word.ts'
import { defineStep, type Step } from '../model/step.ts'
import { nothingToUndo } from '../model/undo.ts'
import type { Arrangement } from '../plan/plan.ts'
import type { KeptDatabase } from './kept-databases.ts'

/** What is to go. */
export interface Pruned {
  databases: readonly KeptDatabase[]
  backups: readonly Backup[]
  /** Ids of runs, with the paths of all that is kept of each: its folder, its report, its bundles. */
  runs: readonly { id: string; paths: readonly string[] }[]
}

/** What is old, removed: a book of its own, so that it is shown, confirmed, locked and recorded like any other. */
export const arrangePrune = (book: Arrangement, { databases, backups, runs }: Pruned): Arrangement => {
  const steps = [
    ...(databases.length ? [dropDatabases(databases)] : []),
    ...removeBackups(backups, 'backups'),
    ...removeBackups(backups, 'operator'),
    ...(runs.length ? [removeRuns(runs)] : []),
  ]
  return { ...book, entries: [phase('Remove what is old', steps)], steps }
}

const gone = nothingToUndo('what is removed is gone')
const numbered = <T>(things: readonly T[], action: (thing: T) => Actions[string]): Actions =>
  Object.fromEntries(things.map((thing, i) => [`remove-${i + 1}`, action(thing)]))

/** Without FORCE: where somebody is at work in it, it stays. */
const dropDatabases = (databases: readonly KeptDatabase[]): Step =>
  defineStep({
    id: 'drop-kept-databases',
    title: `Drop ${quantity(databases.length, 'database')} that restores have replaced`,
    about: 'Drops databases that were kept when a restore replaced them.',
    findings: () =>
      databases.map(
        ({ name, stamp, size, tied }) =>
          `${name}, replaced ${stampText(stamp)}${size === null ? '' : `, ${bytes(size)}`}${
            tied.length ? `; with it goes ${tied.join(', ')}` : ''
          }`,
      ),
    actions: () => numbered(databases, ({ name }) => executes(`DROP DATABASE IF EXISTS ${sqlName(name)}`)),
    after: () => [
      defineCheck({
        fact: 'the databases are gone',
        remedy: 'see who is at work there: SELECT * FROM pg_stat_activity',
        look: async ({ see }) => {
          const left = await see(
            selects<{ name: string }>(
              'SELECT datname AS name FROM pg_database WHERE datname = ANY ($1)',
              databases.map(({ name }) => name),
            ),
          )
          return left.length
            ? fails(left.map(({ name }) => name).join(', '))
            : holds(quantity(databases.length, 'database'))
        },
      }),
    ],
    undo: () => gone,
  })

/** Those at one place; nothing where there are none. */
const removeBackups = (all: readonly Backup[], at: Place): Step[] => {
  const backups = all.filter(({ host }) => (host === undefined) === (at === 'operator'))
  if (backups.length === 0) return []
  const { host } = backups[0]!
  const step = defineStep({
    id: host === undefined ? 'remove-backups' : 'remove-backups-on-host',
    at,
    title: `Remove ${quantity(backups.length, 'backup')}${host === undefined ? '' : ` on ${host}`}`,
    about: 'Removes dumps with their manifests.',
    findings: () =>
      backups.map(({ name, stamp, size }) => `${name}, taken ${stampText(stamp)}, ${bytes(size)}`),
    actions: () => numbered(backups, ({ path }) => changes('rm', '-rf', '--', path, manifestOf(path))),
    after: () => [filesGone(backups.map(({ path }) => path))],
    undo: () => gone,
  })
  return [step]
}

const removeRuns = (runs: Pruned['runs']): Step =>
  defineStep({
    id: 'remove-runs',
    at: 'operator',
    title: `Remove ${quantity(runs.length, 'transcript')}`,
    about: 'Removes the transcripts of past runs, with the pages and archives that were made of them.',
    findings: () => runs.map(({ id }) => id),
    actions: () => numbered(runs, ({ paths }) => changes('rm', '-rf', '--', ...paths)),
    after: () => [filesGone(runs.map(({ paths }) => paths[0]!))],
    undo: () => gone,
  })

const filesGone = (paths: readonly string[]) =>
  defineCheck({
    fact: 'the files are gone',
    remedy: typed`look at their owner and mode: ls -l ${dirname(paths[0]!)}`,
    look: async ({ see }) => {
      const there = new Set((await see(reads('ls', '-1', '--', dirname(paths[0]!)))).split('\n'))
      const left = paths.map((path) => basename(path)).filter((name) => there.has(name))
      return left.length ? fails(left.join(', ')) : holds(quantity(paths.length, 'file'))
    },
  })
