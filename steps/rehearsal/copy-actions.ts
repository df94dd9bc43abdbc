import {
  type Actions,
  type Command,
  changes,
  databaseOf,
  type Environment,
  executes,
  given,
  libpqVariables,
  reads,
  sqlText,
  type Text,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import { drops, endingSessions } from '../restore/drops.ts'
import { createLike } from '../restore/make-alike.ts'
import { type Filling, maintains, restoresDump } from '../restore/restore-dump.ts'
import { quoted } from '../sql/quoted.ts'
import type { Found, On, Where } from './where.ts'

/** Makes a copy from a dump, and takes it away: `discard…` what earlier ones left, and in the end `drop…`. */
export const copyActions = (found: Found, env: Environment, on: On): Actions => {
  switch (found.where.kind) {
    case 'same':
      return onTheSameServer(found, found.where, env)
    case 'named':
      return onNamedServer(found, found.where, namedServer(env, on))
    case 'throwaway':
      return onThrowawayServer(found, found.where)
    case 'none':
      return {}
  }
}

/** The server of the copy, where it is not the database's own. */
export const serverOf = ({ where }: Found, on: On): Text | undefined => {
  if (where.kind === 'named') return on as Text
  if (where.kind !== 'throwaway') return undefined
  return `postgresql://postgres@localhost:5432/postgres?host=${encodeURIComponent(where.folder)}`
}

const onTheSameServer = (
  { database, leftovers, jobs, format }: Found,
  { via, making }: Extract<Where, { kind: 'same' }>,
  env: Environment,
): Actions => ({
  ...drops('discard', database, leftovers, via),
  create: { ...executes(createLike(database, making)), database: via, timeout: WHOLE_DATABASE },
  // It holds what the live one holds, and what keeps others out of that is in no dump.
  close: { ...executes(`REVOKE ALL ON DATABASE ${quoted(database)} FROM PUBLIC`), database: via },
  ...fills(libpqVariables(databaseOf(env)), {
    ...{ database, jobs, format },
    vacuum: maintains('VACUUM', database),
  }),
  analyze: maintains('ANALYZE', database),
  ...drops('drop', database, [], via),
})

type Variables = Record<string, Text>

/** The dump is there when it is performed, and not when it is planned. */
const fills = (env: Variables, how: Omit<Filling, 'dump'>): Actions => {
  const of = (dump: string) => restoresDump(env, { ...how, dump }) as Record<string, Command<'changes'>>
  return Object.fromEntries(
    Object.keys(of('')).map((name) => [name, given(['dump'], ({ dump }) => of(dump)[name]!)]),
  )
}

/** With PostgreSQL's own programs: the connections of the run lead to another server. */
const fromOutside = ({ database, jobs, format }: Found, env: Variables): Actions => {
  const run = (program: string, ...args: string[]) => ({
    ...changes(program, '--no-password', ...args),
    env,
    timeout: WHOLE_DATABASE,
  })
  return {
    create: run('createdb', '--template=template0', database),
    // The roles of the live database are not known there.
    ...fills(env, {
      ...{ database, jobs, format },
      vacuum: run('vacuumdb', '--quiet', `--dbname=${database}`),
      without: ['--no-owner', '--no-privileges'],
    }),
    analyze: run('vacuumdb', '--analyze-only', '--quiet', `--dbname=${database}`),
  }
}

/** Removes every copy of this database, also what a killed rehearsal left: only one at a time holds its lock. */
const onNamedServer = (
  found: Found,
  { copies }: Extract<Where, { kind: 'named' }>,
  env: Variables,
): Actions => {
  const drop = {
    ...changes(...PSQL, '--set=ON_ERROR_STOP=1'),
    env,
    input:
      `${endingSessions(areCopies(copies))};\n` +
      `SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE ${areCopies(copies)} \\gexec\n`,
  }
  return { discard: drop, ...fromOutside(found, env), drop }
}

/** Which copies of this database are on the server that the book names, a name a line. */
export const copiesOnNamedServer = (copies: string, env: Environment, on: On): Command<'reads'> => ({
  ...reads(...PSQL, `--command=SELECT datname FROM pg_database WHERE ${areCopies(copies)}`),
  env: namedServer(env, on),
})

const areCopies = (copies: string): string => `starts_with(datname, ${sqlText(copies)})`

const PSQL = [
  ...(['psql', '--no-psqlrc', '--quiet', '--no-password', '--tuples-only', '--no-align'] as const),
  '--dbname=postgres',
] as const

const namedServer = (env: Environment, on: On): Variables =>
  libpqVariables({ ...databaseOf(env), url: on as never })

/** It listens on nothing but a socket in a folder of its own, and what it writes need not survive. */
const onThrowawayServer = (
  found: Found,
  { programs, folder, making }: Extract<Where, { kind: 'throwaway' }>,
): Actions => {
  const { user } = programs
  const asUser = user === null ? [] : ['runuser', '-u', user, '--']
  const run = (program: string, ...args: string[]) => {
    const [first = '', ...rest] = [...asUser, `${programs.folder}/${program}`, ...args]
    return { ...changes(first, ...rest), cwd: '/' }
  }
  const data = `--pgdata=${folder}/data`
  const owner = user === null ? [] : ['--owner', user]
  const alike = [
    `--encoding=${making.encoding}`,
    `--lc-collate=${making.collate}`,
    `--lc-ctype=${making.ctype}`,
  ]
  // Where none runs, or there is no folder, there is nothing to end.
  const stop = { ...run('pg_ctl', 'stop', data, '--mode=immediate', '--wait'), accept: [0, 1] }
  const remove = changes('rm', '-rf', '--', folder)
  return {
    discard: stop,
    'discard-folder': remove,
    folder: changes('install', '--directory', '--mode=700', ...owner, folder),
    initialize: run('initdb', data, '--username=postgres', '--auth=trust', '--no-sync', ...alike),
    start: run(
      'pg_ctl',
      ...['start', data, `--log=${folder}/log`, '--wait', `--options=-h '' -k ${folder} -p 5432 -F`],
    ),
    ...fromOutside(found, { PGHOST: folder, PGPORT: '5432', PGUSER: 'postgres' }),
    drop: stop,
    'drop-folder': remove,
  }
}
