import { z } from 'zod'
import { fileContains } from '../checks/file-contains.ts'
import { fileLacks } from '../checks/file-lacks.ts'
import {
  changes,
  defineCheck,
  defineStep,
  type Environment,
  early,
  factory,
  fails,
  holds,
  reads,
  reverse,
  typed,
  typedPath,
} from '../runbook/index.ts'

/** What a line of a changelog may tell of. */
export interface ChangelogFacts {
  /** Of the run: `20261122T021500Z`. */
  readonly stamp: string
  /** The same for people: `2026-11-22 02:15:00 UTC`. */
  readonly time: string
  readonly env: Environment
  /** Where the run moves the code; full commit ids. */
  readonly revision: { readonly from: string; readonly to: string } | null
}
type Entry = (facts: ChangelogFacts) => string

export const recordInChangelog = factory(
  'record-in-changelog',
  {
    /** Outside of what git tracks. */
    file: z
      .string()
      .min(1)
      .describe(
        "the file, relative to the application's folder; one that git does not track: ../DEPLOYMENTS.md",
      ),
    /** Gives the line. Default: time, environment, revision and run. */
    entry: z
      .custom<Entry>((value) => typeof value === 'function', 'a function: ({ time, revision }) => `…`')
      .optional()
      .describe(
        'gives the line: ({ time, env, revision, stamp }) => …; default: a row of a markdown table with all of them',
      ),
  },
  ({ file, entry = row }) => {
    const lineOf = (revision: ChangelogFacts['revision'], stamp: string, env: Environment) =>
      entry({ stamp, time: timeOf(stamp), env, revision })
        .replace(/\s*\n\s*/g, ' ')
        .trim()
    return defineStep({
      id: 'record-in-changelog',
      title: `Record it in ${nameOf(file)}`,
      about:
        'Appends a line to a file: when this was deployed, and from which revision to which. Nothing else in the file is ' +
        'touched, and the same run writes it once. Refuses a file that git tracks: a change that is not committed would ' +
        'stop the next deployment. Going back removes that line, and no other.',
      sort: 'state',
      observe: async ({ attempt, revision }) => {
        const last = await attempt(reads('tail', '-c', '1', '--', file))
        return {
          revision: revision && { from: revision.from, to: revision.to },
          /** Its last line has no end: the new one would be written behind it. */
          open: last.ok && last.value !== '',
        }
      },
      before: ({ observed: { revision }, run, env }) => [
        early(untracked(file)),
        early(tellsItsRun(lineOf(revision, run.stamp, env), run.stamp)),
      ],
      actions: ({ observed: { revision, open }, run, env }) => ({
        // A line of a few bytes at the end of a file is written whole.
        append: {
          ...changes('tee', '-a', '--', file),
          input: `${open ? '\n' : ''}${lineOf(revision, run.stamp, env)}\n`,
        },
      }),
      after: ({ observed, run, env }) => [fileContains(file, lineOf(observed.revision, run.stamp, env))],
      summary: ({ observed: { revision } }) =>
        revision ? `${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}` : 'no revision',
      undo: ({ observed, run, env }) => {
        const line = lineOf(observed.revision, run.stamp, env)
        return reverse(
          'code',
          {
            // With a suffix, because only so `sed -i` is the same on Linux and on macOS.
            remove: changes('sed', '-i.before', '-e', `/^${asExpression(line)}$/d`, typedPath(file)),
            tidy: changes('rm', '-f', '--', `${file}.before`),
          },
          [fileLacks(file, line)],
        )
      },
    })
  },
  { file: '../DEPLOYMENTS.md' },
)

const row: Entry = ({ time, env, revision, stamp }) =>
  `| ${time} | ${env.name} | ${revision ? `${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}` : '-'} | ${stamp} |`

/** In a plan the stamp is not known, and stands for itself. */
const timeOf = (stamp: string): string =>
  stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3 $4:$5:$6 UTC')

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const folderOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.')

/** A text as a basic regular expression of sed, between slashes. */
const asExpression = (text: string): string => text.replace(/[\\/.*[\]^$]/g, '\\$&')

/** A line that another run has written too would be taken for this one's. */
const tellsItsRun = (line: string, stamp: string) =>
  defineCheck({
    fact: 'the line tells its run from every other',
    remedy: 'have `entry` in the book give `time` or `stamp` too',
    look: async () =>
      line.includes(stamp) || line.includes(timeOf(stamp)) ? holds(line) : fails(`it would be: ${line}`),
  })

const untracked = (file: string) =>
  defineCheck({
    fact: `git does not track ${file}`,
    remedy: typed`name a file outside of the clone, such as ../${nameOf(file)}; or have git forget it: git rm --cached -- ${file}`,
    look: async ({ attempt }) => {
      const listed = await attempt(
        reads('git', '-C', folderOf(file), 'ls-files', '--error-unmatch', '--', nameOf(file)),
      )
      return listed.ok
        ? fails('it does: uncommitted, the line would stop the next deployment')
        : holds('it does not')
    },
  })
