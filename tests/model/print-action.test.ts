import { execFileSync } from 'node:child_process'
import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Action,
  changes,
  executes,
  gets,
  given,
  instructs,
  piped,
  reads,
  readsFile,
  selects,
  sends,
  transaction,
  writesFile,
} from '../../runbook/model/action.ts'
import { libpqVariables } from '../../runbook/model/environment.ts'
import { printAction, printPlanned } from '../../runbook/model/print-action.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret, text } from '../../runbook/model/secret.ts'

const env = resolveEnvironment('staging', { app: { dir: '/srv/app', url: 'http://127.0.0.1:3001/' } }, '/')
const database = { url: secret('DATABASE_URL'), schema: 'public' }

test.each<[string, Action, string]>([
  ['plain words', changes('git', 'merge', '--ff-only', 'HEAD~1^'), 'git merge --ff-only HEAD~1^'],
  ['a word with a space, an empty one', reads('printf', '%s', 'a b', ''), "printf %s 'a b' ''"],
  ['an apostrophe', reads('echo', "it's"), "echo 'it'\\''s'"],
  ['what a shell would take for itself', reads('echo', '$HOME', '*', 'a;b'), "echo '$HOME' '*' 'a;b'"],
  ['a home folder', reads('ls', '~', '~/x', '--in=~/x', 'a:~b'), "ls '~' '~/x' '--in=~/x' 'a:~b'"],
  ['a secret', { ...changes('curl'), env: { A: secret('URL') } }, 'A=‹secret URL› curl'],
  [
    'a secret in a text',
    { ...changes('curl'), env: { A: text`Bearer ${secret('T')}` } },
    "A='Bearer ‹secret T›' curl",
  ],
  ['no secret, though it looks like the beginning of one', reads('echo', '‹a b'), "echo '‹a b'"],
  ['a folder', { ...changes('npm', 'ci'), cwd: 'back end' }, "cd 'back end' && npm ci"],
  [
    'variables',
    { ...changes('npm', 'ci'), env: { A: 'b c', T: secret('T') } },
    "A='b c' T=‹secret T› npm ci",
  ],
  [
    'the parts of a database, as one',
    { ...reads('pg_dump', '-Fc'), cwd: 'x', env: { ...libpqVariables(database), LC_ALL: 'C' } },
    'cd x && PG*=‹secret DATABASE_URL› LC_ALL=C pg_dump -Fc',
  ],
  [
    'two programs with a pipe between them',
    piped({ ...changes('pg_dump', '-Fc'), env: libpqVariables(database) }, 'zstd', '-o', 'a b'),
    "PG*=‹secret DATABASE_URL› pg_dump -Fc | zstd -o 'a b'",
  ],
  ['standard input', { ...changes('psql'), input: text`\\c ${secret('X')}` }, "psql <<< '\\c ‹secret X›'"],
  ['standard input that is empty', { ...changes('cat'), input: '' }, "cat <<< ''"],
  ['a query', selects('\n  SELECT 1\n'), 'SELECT 1'],
  ['its values', selects('SELECT $1, $2', 'a', 2), 'SELECT $1, $2 -- ["a",2]'],
  [
    'another database',
    { ...executes('DROP DATABASE x'), database: 'postgres' },
    'DROP DATABASE x -- in the database postgres',
  ],
  [
    'an answer that is asked for',
    gets('/health', { accept: 'a' }),
    'GET http://127.0.0.1:3001/health  accept: a',
  ],
  ['another server', gets('https://b.example/x'), 'GET https://b.example/x'],
  [
    'a request',
    sends('POST', '/p', { headers: { Authorization: text`Bearer ${secret('T')}` }, json: { a: [1, null] } }),
    'POST http://127.0.0.1:3001/p  Authorization: Bearer ‹secret T›  {"a":[1,null]}',
  ],
  ['a body of null', sends('PUT', '/p', { json: null }), 'PUT http://127.0.0.1:3001/p  null'],
  ['a file', readsFile('a b'), 'read a b'],
  ['a file that is written', writesFile('a', 'größe'), 'write a, 7 bytes'],
  ['a file with its changes', { ...writesFile('a', 'x'), shows: '-b\n+x' }, 'write a\n-b\n+x'],
  ['what a person does', instructs('Turn the key.'), 'Turn the key.'],
])('%s', (_, action, printed) => {
  expect(printAction(action, env)).toBe(printed)
})

test('a transaction is printed with its settings, each statement ended once', () => {
  const statements = ['CREATE TABLE a ()', ' DROP TABLE b; ', 'SELECT 1 -- of;'].map((sql, i) => ({
    sql,
    line: i,
  }))
  const action = { ...transaction(statements, { lock_timeout: "it's" }), database: 'shop' }
  expect(printAction(action, env)).toBe(
    [
      'BEGIN;',
      "SELECT set_config('lock_timeout', 'it''s', true);",
      'CREATE TABLE a ();',
      'DROP TABLE b;',
      'SELECT 1 -- of;',
      ';',
      'COMMIT; -- in the database shop',
    ].join('\n'),
  )
})

test('what is known only while running stands as a hole', () => {
  const remove = given(['project', 'id'], ({ project, id }) => sends('DELETE', `/projects/${project}/${id}`))
  expect(printPlanned(remove, env)).toBe('DELETE http://127.0.0.1:3001/projects/‹project›/‹id›')
  expect(
    printPlanned(
      given(['sha'], ({ sha }) => changes('git', 'checkout', sha)),
      env,
    ),
  ).toBe('git checkout ‹sha›')
})

test('a shell takes printed words for exactly what is performed', () => {
  const special = constantFrom(...'~=:\'"\\$`!*?[]{}()<>|&;# \t\n‹›-^%@,+./aB1é😀')
  const word = oneof(
    string({ unit: special }),
    string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
    constantFrom('~root', 'A=~', 'a:~', '‹a b›', '-n', 'if', '‹a› $HOME'),
  ).filter((text) => !text.startsWith('‹secret '))
  assert(
    property(array(word, { minLength: 1, maxLength: 80 }), (words) => {
      const printed = printAction(reads('printf', '%s\\0', ...words), env)
      for (const shell of ['sh', 'bash'])
        expect(execFileSync(shell, ['-c', printed], { encoding: 'utf8' }).split('\0').slice(0, -1)).toEqual(
          words,
        )
    }),
    // Many words a shell: to fork this process for each few would take minutes where much else runs.
    { numRuns: 25 },
  )
})

test('a secret among the arguments of a program cannot be printed, and so not performed', () => {
  const shown = { ...changes('curl'), argv: ['curl', '-u', secret('TOKEN')] } as unknown as Action
  expect(() => printAction(shown, env)).toThrow(
    expect.objectContaining({
      failure: {
        kind: 'before-unmet',
        unmet: [expect.objectContaining({ seen: '‹secret TOKEN›, which `ps` would show to everybody' })],
      },
    }),
  )
})
