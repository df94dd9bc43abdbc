import { expect, test } from 'vitest'
import { explain } from '../../runbook/model/explain.ts'
import { Failed, type Failure, failureOf, unmet } from '../../runbook/model/failure.ts'

const tail = 'the last line'
const printed = 'npm ci'
const facts = [{ fact: 'the tree is clean', seen: '2 files changed', remedy: 'git status' }]

/** One of each: a new kind does not compile until it stands here. */
const each: {
  [Kind in Failure['kind']]: [Failure & { kind: Kind }, sentence: string, remedy: string, detail?: string]
} = {
  'before-unmet': [
    { kind: 'before-unmet', unmet: facts },
    'not so: the tree is clean; seen: 2 files changed',
    'git status',
  ],
  'after-unmet': [
    { kind: 'after-unmet', unmet: facts, tail },
    'not so: the tree is clean; seen: 2 files changed',
    'git status',
    tail,
  ],
  'command-failed': [
    { kind: 'command-failed', printed, exit: 7, tail },
    '`npm ci` ended with exit 7',
    'read its last lines',
    tail,
  ],
  'command-missing': [
    { kind: 'command-missing', program: 'pm2', printed },
    'the program `pm2` was not found',
    'install pm2, or put its folder into PATH',
  ],
  'folder-missing': [
    { kind: 'folder-missing', folder: '/srv/app', printed },
    'the folder /srv/app does not exist',
    'clone the application there, or correct `app.dir` in the book',
  ],
  'query-failed': [
    {
      kind: 'query-failed',
      printed: 'SELECT 1',
      sqlstate: '42601',
      message: 'syntax error',
      line: 3,
      statement: 'SELECTT 1',
      detail: 'near it',
      hint: 'write SELECT',
    },
    'the database refused line 3: syntax error (42601)',
    'write SELECT',
    'near it\nSELECTT 1',
  ],
  'database-unreachable': [
    { kind: 'database-unreachable', target: 'shop at db:5432', code: 'ECONNREFUSED', message: '' },
    'the database shop at db:5432 cannot be reached: ECONNREFUSED',
    'see whether PostgreSQL runs there: pg_isready -h db -p 5432',
  ],
  pooled: [
    {
      kind: 'pooled',
      target: 'shop at db:6432',
      mode: 'transaction',
      secret: 'SHOP_URL',
      pooler: 'PgBouncer 1.18.0',
      server: '10.0.0.7:5432',
    },
    'SHOP_URL leads to PgBouncer 1.18.0 in transaction mode at db:6432: each transaction gets another session, so a run can lock nothing there, nor limit what it looks with',
    'write the server’s own address into SHOP_URL where runbook reads it; the pooler reaches it at 10.0.0.7:5432. The application may keep the pooled one in its own environment',
  ],
  'request-failed': [
    { kind: 'request-failed', printed: 'GET http://a/health', message: 'no answer', body: 'oops' },
    'GET http://a/health: no answer',
    'see whether the app runs and listens there',
    'oops',
  ],
  'file-failed': [
    { kind: 'file-failed', path: 'a.sql', code: 'ENOENT', message: 'x' },
    'a.sql: there is no such file',
    'correct the path in the book',
  ],
  'host-failed': [
    { kind: 'host-failed', host: 'deploy@server', reason: 'unreachable', message: 'Connection refused' },
    'deploy@server cannot be reached: Connection refused',
    'see whether it is up and lets you in: ssh -v deploy@server',
  ],
  'secret-missing': [
    { kind: 'secret-missing', name: 'TOKEN', empty: false, file: '/b/.env.staging' },
    'the secret TOKEN is not set',
    'export TOKEN=…, or write it into /b/.env.staging',
  ],
  'secret-malformed': [
    { kind: 'secret-malformed', name: 'DB', message: 'is no URL' },
    'the secret DB is no URL',
    'correct DB: postgresql://user:password@host:port/database, percent-encoded',
  ],
  moved: [
    { kind: 'moved', what: 'the branch main', was: 'aaa', is: 'bbb' },
    'the branch main changed after the plan was confirmed: it was aaa, it is bbb',
    'look at what changed, then deploy again',
  ],
  'in-doubt': [
    { kind: 'in-doubt', title: 'Warm the cache', printed: 'node -e …', look: 'the cache' },
    '“Warm the cache” was under way when the run was killed, and nothing shows whether it was done',
    'look at the cache; then go on from a terminal, which asks: runbook resume',
    'node -e …',
  ],
  declined: [
    { kind: 'declined', question: 'Deploy?' },
    'not confirmed: Deploy?',
    'run it again when it may be done',
  ],
  'answer-needed': [
    { kind: 'answer-needed', question: 'Deploy?', flag: '--yes' },
    'an answer is needed and there is no terminal to ask on: Deploy?',
    'give --yes',
  ],
  locked: [
    { kind: 'locked', env: 'staging', holder: 'ada on desk', since: '02:15', run: 'r1', at: '"Build"' },
    'staging is locked by run r1: ada on desk, since 02:15, now: "Build"',
    'wait until it has ended, or give --wait 10m; `runbook show r1` tells more',
  ],
  'lock-lost': [
    { kind: 'lock-lost', env: 'production', because: 'its sessions ended' },
    'this run does not hold the lock on production any more: its sessions ended',
    'see what has happened to production since: runbook runs, runbook plan production',
  ],
  frozen: [
    { kind: 'frozen', env: 'staging', holder: 'ada on desk', since: '02:15', reason: 'the audit' },
    'staging is locked on purpose by ada on desk, since 02:15: the audit',
    'ask them; when it may be changed again: runbook unlock staging',
  ],
  timeout: [
    { kind: 'timeout', printed, after: 30_000, tail },
    '`npm ci` was not done after 30 s, and was ended',
    'find out what it waits for, or raise its timeout in the book',
    tail,
  ],
  'journal-failed': [
    { kind: 'journal-failed', path: '/s/journal.jsonl', message: 'no space' },
    'the transcript cannot be written: /s/journal.jsonl: no space',
    'make room or give the right to write, or name another folder with --state-dir',
  ],
  interrupted: [
    { kind: 'interrupted', signal: 'SIGINT' },
    'interrupted by SIGINT',
    'go on with it, or start it again: what is done is not done twice',
  ],
  'book-broke': [
    { kind: 'book-broke', book: '/srv/runbook.config.ts', did: 'calls process.exit(0)', stack: 'at it' },
    'the book /srv/runbook.config.ts, or a package that it imports, calls process.exit(0)',
    'take that out of the book: it shares the process with runbook, which alone ends a run',
    'at it',
  ],
  bug: [
    { kind: 'bug', message: 'x is undefined', stack: 'at f' },
    'this is a mistake in runbook or in the book: x is undefined',
    'report it with the lines below',
    'at f',
  ],
}

test.each(Object.entries(each))('%s', (_, [failure, sentence, remedy, detail]) => {
  expect(explain(failure)).toEqual({ sentence, remedy, ...(detail && { detail }) })
})

const query = (sqlstate: string, more = {}): Failure => ({
  kind: 'query-failed',
  printed: 'X',
  sqlstate,
  message: 'no',
  ...more,
})
const database = (code: string): Failure => ({
  kind: 'database-unreachable',
  target: 'd',
  code,
  message: 'no',
})
const file = (code: string): Failure => ({ kind: 'file-failed', path: 'p', code, message: 'its own words' })
test.each<[Failure, string, string]>([
  [query('42501'), 'the database refused: no (42501)', 'grant the role'],
  [query('55P03'), 'refused', 'who holds the lock'],
  [query('57014'), 'refused', 'who holds the lock'],
  [query('53100'), 'refused', 'make room'],
  [query('42P01', { hint: '' }), 'refused', 'correct the SQL'],
  [database('28P01'), 'cannot be reached: no', 'password'],
  [database('3D000'), 'no', 'no such database'],
  [database('53300'), 'no', 'connection'],
  [database('ENOTFOUND'), 'no', 'host name'],
  [file('EACCES'), 'p: may not be read or written', 'ls -l'],
  [file('EISDIR'), 'p: is a folder', 'ls -l'],
  [file('ENOSPC'), 'p: the disk is full', 'ls -l'],
  [file('EIO'), 'p: its own words', 'ls -l'],
  [{ kind: 'command-failed', printed, exit: 'SIGKILL', tail: '' }, 'ended with signal SIGKILL', 'last lines'],
  [{ kind: 'secret-missing', name: 'T', empty: true, file: 'f' }, 'the secret T is empty', 'export T'],
])('%o', (failure, sentence, remedy) => {
  const said = explain(failure)
  expect(said.sentence).toContain(sentence)
  expect(said.remedy).toContain(remedy)
})

test('several facts are said each, and one remedy of all of them once', () => {
  const said = explain({
    kind: 'before-unmet',
    unmet: [...facts, { ...facts[0]!, fact: 'it is on main' }, { fact: 'c', seen: 'd', remedy: 'git fetch' }],
  })
  expect(said.sentence.split('\n')).toHaveLength(3)
  expect(said.remedy).toBe('git status\ngit fetch')
})

test('the failure inside anything that is thrown', () => {
  expect(failureOf(new Failed({ kind: 'declined', question: '?' }))).toEqual({
    kind: 'declined',
    question: '?',
  })
  expect(failureOf(unmet('a', 'b', 'c'))).toEqual({
    kind: 'before-unmet',
    unmet: [{ fact: 'a', seen: 'b', remedy: 'c' }],
  })
  expect(failureOf(new TypeError('no'))).toEqual({
    kind: 'bug',
    message: 'no',
    stack: expect.stringContaining('explain.test'),
  })
  expect(failureOf('a text')).toMatchObject({ kind: 'bug', message: 'a text' })
  expect(failureOf(undefined)).toMatchObject({ kind: 'bug', message: 'it throws undefined' })
  expect(failureOf(Object.create(null))).toMatchObject({ kind: 'bug' })
})
