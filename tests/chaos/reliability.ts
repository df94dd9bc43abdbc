import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import startTests from '../rig/global-setup.ts'
import { keptFigures } from './figures.ts'

const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url))

/** A promise, the tests that hold it, and the parts of the chaos whose figures stand behind it. */
interface Promised {
  promise: string
  tests: readonly string[]
  figures: readonly string[]
}
const promises: readonly Promised[] = [
  {
    promise:
      'A run that is killed (`kill -9`) between any two of its events is finished by `runbook resume`. No completed step is performed twice, no migration is applied twice, and the end is that of an undisturbed run.',
    tests: ['tests/commands/resume.test.ts', 'tests/scenarios/killed.test.ts'],
    figures: ['killed-parallel', 'killed-deploy'],
  },
  {
    promise:
      'So is one that is killed inside an effect: a backup, a build, a migration, a restart. A dump that is not whole is never taken for a backup.',
    tests: ['tests/scenarios/killed.test.ts'],
    figures: ['killed-inside'],
  },
  {
    promise:
      'So is a rollback, with or without the database: it ends in the state that was, and is never between two databases.',
    tests: ['tests/scenarios/killed.test.ts', 'tests/scenarios/rollback.test.ts'],
    figures: ['killed-rollback', 'killed-rollback-database-schema', 'killed-rollback-database-restore'],
  },
  {
    promise:
      'A program that outlives a killed run is found, named, and waited for or ended before its step runs again. A step of which nothing shows whether it was done is not guessed.',
    tests: ['tests/commands/resume.test.ts'],
    figures: [],
  },
  {
    promise:
      'SIGINT, SIGTERM and SIGHUP end what runs with everything that it started, roll open transactions back, free the lock and leave a transcript that ends with `interrupted`; exit 130, 143, 129.',
    tests: ['tests/commands/interrupt.test.ts', 'tests/commands/resume.test.ts'],
    figures: ['signals'],
  },
  {
    promise:
      'Whatever a book or a package that it imports does to the process (exit, abort, an unhandled error, a wait or a loop without end), the run ends with a failure that names the book, a transcript with its end, and no child left.',
    tests: ['tests/commands/last-word.test.ts', 'tests/doors/watchdog.test.ts'],
    figures: [],
  },
  {
    promise:
      'Of two runs that begin at the same moment exactly one runs, and the other says whose the lock is.',
    tests: [
      'tests/commands/lock.test.ts',
      'tests/doors/lock-file.test.ts',
      'tests/doors/database-lock.test.ts',
    ],
    figures: ['races'],
  },
  {
    promise:
      'Every operator, with whatever folder, is told of each run that changed an environment: the ledger in its clone has a line before the first effect and one at the end. A rollback goes back over nothing that the operator did not name: not over a later run, nor over a HEAD, an answering revision or a schema that is not as the run left it. Of two machines that would go on with one run, one does.',
    tests: ['tests/scenarios/two-operators.test.ts'],
    figures: [],
  },
  {
    promise:
      'A run on a database holds its environment by two sessions of its own, each of which is seen by the other to hold when the lock is taken. Behind a pooler that gives each transaction another session no run begins, and nothing is left in the pool.',
    tests: [
      'tests/doors/database-lock.test.ts',
      'tests/doors/pooler.test.ts',
      'tests/commands/lock-lost.test.ts',
    ],
    figures: [],
  },
  {
    promise:
      'A session of the lock that has ended, or whose line is dead, is noticed before the next effect, and replaced, at once where the server says that it ended: while the other one is there, nobody else gets in. Where both had ended, the run goes on only on the same server, where nobody holds the lock, for five seconds at most nobody did, and the environment’s ledger shows that no run has come and gone; otherwise it stops, with nothing more announced or done. A standby is no place for a lock.',
    tests: [
      'tests/doors/database-lock.test.ts',
      'tests/engine/keep-lock.test.ts',
      'tests/commands/lock-lost.test.ts',
    ],
    figures: [],
  },
  {
    promise:
      'What the tool itself commits to a database is on the server’s disk before the run goes on, whatever `synchronous_commit` says there.',
    tests: ['tests/doors/durable.test.ts'],
    figures: [],
  },
  {
    promise:
      'A transcript is only ever appended to. A line that a crash has cut is set aside, any other change shows with its line, and what cannot be recorded is not begun.',
    tests: [
      'tests/journal/transcript.test.ts',
      'tests/commands/resume.test.ts',
      'tests/commands/state-dir.test.ts',
    ],
    figures: [],
  },
  {
    promise:
      'Nothing is performed from a transcript that is not as it was written, also where every hash was made anew, as long as the environment’s ledger was not, nor from one with effects that the ledger does not know, unless the operator names it by its hash; no dump is restored but the one whose sum the run recorded, or that the operator names by its sum.',
    tests: ['tests/scenarios/whole.test.ts'],
    figures: [],
  },
  {
    promise: 'Memory stays flat, whatever a child prints and however long a log is watched.',
    tests: [],
    figures: ['output'],
  },
  {
    promise: 'No byte of a secret in what a run prints or keeps.',
    tests: ['tests/commands/secrets.test.ts', 'tests/doors/redaction.test.ts'],
    figures: [],
  },
]

const notPromised = [
  'The lock is looked at before an effect, not while one goes on: a session that ends in the middle of an effect is noticed when that has ended. Until then another run may have begun.',
  'A run from another clone of the same environment that begins and ends within five seconds in which both sessions of the lock were gone is not seen.',
  'Where both sessions of the lock have ended and the environment has no ledger that other machines see, or that cannot be read, nothing shows whether another run has come and gone: the run stops.',
  'What one operator does without the tool, no lock keeps out. Nor does a standby that was promoted while the old server still answers: each of them has locks of its own.',
  'A pooler in session mode that is told to clean nothing up (`server_reset_query` empty) keeps the lock of a run that was killed with `kill -9`, until it closes that session.',
  'What a program that a step starts commits by itself, such as a migration tool or `pg_restore`, waits for the disk as its role says.',
  'What a request has created on a server is removed by the next attempt only once its answer stands in the transcript. Killed while it is on its way, it stays.',
  'A `shell` block that was killed in the middle has done what it has done: `after` tells whether all of it, and nothing tells which part.',
  'A power cut: what had been announced is on the disk (fsync); whether what a child wrote is, is up to that child.',
  'The ledger is a file that whoever may write into the clone can change. It tells an honest team what happened; it is no proof against one of its members.',
  'Without a database and with a machine of another name nobody can see whether the holder of a run is alive: such a run keeps others out until somebody types `runbook unlock <env> --run <id>`.',
  "Where an environment has neither a clone nor a folder named by `ledger` or `backupsOnHost`, its ledger is in the operator's state folder, and other machines see nothing of it; `doctor` shows where it is.",
  'Changes by hand that leave HEAD, the revision that answers and the schema as they were, such as an edited file or a changed row, are not seen by the ledger.',
  'On systems other than Linux the members of a process group are not looked at one by one.',
]

export default async (project: TestProject) => {
  const end = await startTests(project)
  return async () => {
    await writeFile(page, pageOfReliability())
    await end()
  }
}

/** docs/reliability.md. */
export const pageOfReliability = (): string => {
  const kept = keptFigures()
  const figure = (part: string): string => {
    const { seen, on, revision, machine } = kept[part] ?? {}
    return seen ? `${seen} (${on}, ${revision}, ${machine})` : `${part}: **not tried yet**`
  }
  return `# What is promised, and how it is held

The tests named are part of \`npm test\`, where some of the moments are tried; \`npm run chaos\` tries all of them, for hours, and writes
here what was seen, when, and of which revision. \`npm run chaos -- deployment -t restore\` tries a part.

${promises
  .map(({ promise, tests, figures }) =>
    [
      `- **${promise}**`,
      ...(tests.length ? [`  Held by ${tests.map((test) => `\`${test}\``).join(', ')}.`] : []),
      ...figures.map((name) => `  Seen: ${figure(name)}.`),
    ].join('\n'),
  )
  .join('\n')}

## What is not promised

${notPromised.map((line) => `- ${line}`).join('\n')}
`
}
