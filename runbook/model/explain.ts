import type { Failure, Unmet } from './failure.ts'
import { nameDifference } from './name-difference.ts'
import { newestError } from './newest-error.ts'
import { typed } from './shell-word.ts'

/** What a person is told: one sentence, one remedy, and what helps to understand it. */
export interface Explanation {
  sentence: string
  remedy: string
  /** Last lines of output, the statement, the body. */
  detail?: string
}

/** The one place where a failure becomes words. */
export const explain = (failure: Failure): Explanation => {
  switch (failure.kind) {
    case 'before-unmet':
    case 'after-unmet':
      return explainUnmet(failure.unmet, failure.tail)
    case 'command-failed':
      return {
        sentence: `\`${failure.printed}\` ended with ${exitText(failure.exit)}${newestIn(failure.tail)}`,
        remedy: 'read its last lines',
        detail: failure.tail,
      }
    case 'command-missing':
      return {
        sentence: `the program \`${failure.program}\` was not found${failure.host ? ` on ${failure.host}` : ''}`,
        remedy: failure.host
          ? `install ${failure.program} there, or name its folder in the book: variables: { PATH: '…' }; a command over ssh has no login shell`
          : `install ${failure.program}, or put its folder into PATH`,
      }
    case 'folder-missing':
      return {
        sentence: `the folder ${failure.folder} does not exist`,
        remedy: 'clone the application there, or correct `app.dir` in the book',
      }
    case 'query-failed':
      return {
        sentence: `the database refused${failure.line ? ` line ${failure.line}` : ''}: ${failure.message} (${failure.sqlstate})`,
        remedy: failure.hint || remedyOfState(failure.sqlstate),
        detail: [failure.detail, failure.statement ?? failure.printed].filter(Boolean).join('\n'),
      }
    case 'database-unreachable':
      return {
        sentence: `${failure.lost ? `the connection to the database ${failure.target} was lost` : `the database ${failure.target} cannot be reached`}: ${failure.message || failure.code}`,
        remedy: remedyOfConnection(failure.code, failure.target),
      }
    case 'pooled':
      // More sessions of such a pooler would do as well; only of the other modes none do.
      return {
        sentence:
          failure.mode === 'full'
            ? fullPool(failure)
            : `${failure.secret} leads to ${failure.pooler ?? 'a pooler'} in ${failure.mode} mode at ${failure.target.replace(/^.* at /, '')}: each ${failure.mode} gets another session, so a run can lock nothing there, nor limit what it looks with`,
        remedy: `write the server’s own address into ${failure.secret} where runbook reads it${failure.server ? `; the pooler reaches it at ${failure.server}` : ''}${failure.mode === 'full' ? ', or let its pool have more (pool_size)' : ''}. The application may keep the pooled one in its own environment`,
      }
    case 'request-failed':
      return {
        sentence: `${failure.printed}: ${failure.message}`,
        remedy: 'see whether the app runs and listens there',
        ...(failure.body && { detail: failure.body }),
      }
    case 'file-failed':
      return {
        sentence: `${failure.path}: ${fileText(failure.code, failure.message)}`,
        remedy:
          failure.code === 'ENOENT'
            ? 'correct the path in the book'
            : 'look at its owner and mode with `ls -l`',
      }
    case 'host-failed':
      return explainHost(failure)
    case 'secret-missing':
      return {
        sentence: `the secret ${failure.name} is ${failure.empty ? 'empty' : 'not set'}`,
        remedy: `export ${failure.name}=…, or write it into ${failure.file}`,
      }
    case 'secret-malformed':
      return {
        sentence: `the secret ${failure.name} ${failure.message}`,
        remedy:
          failure.remedy ??
          `correct ${failure.name}: postgresql://user:password@host:port/database, percent-encoded`,
      }
    case 'moved':
      return {
        sentence: `${failure.what} changed after the plan was confirmed: ${movedText(failure)}`,
        remedy: 'look at what changed, then deploy again',
      }
    case 'in-doubt':
      return {
        sentence: `“${failure.title}” was under way when the run was killed, and nothing shows whether it was done`,
        remedy: `look at ${failure.look}; then go on from a terminal, which asks: runbook resume`,
        // The whole script of a block, maybe.
        detail: failure.printed,
      }
    case 'declined':
      return {
        sentence: `not confirmed: ${failure.question}${failure.note ? `; said to it: ${failure.note}` : ''}${wrongText(failure)}`,
        remedy: failure.wrongName
          ? `to go on, give the name as it is written: ${failure.wrongName.name}`
          : 'run it again when it may be done',
      }
    case 'answer-needed':
      return {
        sentence: `an answer is needed and there is no terminal to ask on: ${failure.question}`,
        remedy: `give ${failure.flag}`,
      }
    case 'locked':
      return {
        sentence: `${failure.env} is locked by run ${failure.run}: ${failure.holder}, since ${failure.since}${failure.at ? `, now: ${failure.at}` : ''}`,
        remedy: `wait until it has ended, or give --wait 10m; ${whereaboutsOf(failure)}`,
      }
    case 'lock-lost':
      return {
        sentence: `this run does not hold the lock on ${failure.env} any more: ${failure.because}`,
        remedy: typed`see what has happened to ${failure.env} since: runbook runs, runbook plan ${failure.env}`,
      }
    case 'frozen':
      return {
        sentence: `${failure.env} is locked on purpose by ${failure.holder}, since ${failure.since}: ${failure.reason}`,
        remedy: typed`ask them; when it may be changed again: runbook unlock ${failure.env}`,
      }
    case 'timeout':
      return {
        sentence: `\`${failure.printed}\` was not done after ${Math.round(failure.after / 1000)} s, and was ended`,
        remedy: 'find out what it waits for, or raise its timeout in the book',
        detail: failure.tail,
      }
    case 'journal-failed':
      return {
        sentence: `the transcript cannot be written: ${failure.path}: ${failure.message}`,
        remedy: 'make room or give the right to write, or name another folder with --state-dir',
      }
    case 'interrupted':
      return {
        sentence: `interrupted by ${failure.signal}`,
        remedy: 'go on with it, or start it again: what is done is not done twice',
      }
    case 'book-broke':
      return {
        sentence: `the book ${failure.book}, or a package that it imports, ${failure.did}${failure.reading ? ' while it is read' : ''}`,
        remedy: 'take that out of the book: it shares the process with runbook, which alone ends a run',
        ...(failure.stack && { detail: failure.stack }),
      }
    case 'bug':
      return {
        sentence: `this is a mistake in runbook or in the book: ${failure.message}`,
        remedy: 'report it with the lines below',
        detail: failure.stack,
      }
  }
}

/** Where more is known of the run that holds a lock. */
const whereaboutsOf = ({ env, run, at, unlock }: Extract<Failure, { kind: 'locked' }>): string => {
  if (at) return typed`\`runbook show ${run}\` tells more`
  const there = 'its transcript is where it was begun'
  return unlock ? there + typed`; when you know that it is gone: runbook unlock ${env} --run ${run}` : there
}

const explainHost = ({
  host,
  reason,
  message,
  printed,
  job,
}: Extract<Failure, { kind: 'host-failed' }>): Explanation => {
  const name = host.replace(/^.*@/, '')
  switch (reason) {
    case 'unreachable':
      return {
        sentence: `${host} cannot be reached: ${message}`,
        remedy: typed`see whether it is up and lets you in: ssh -v ${host}`,
      }
    case 'refused':
      return {
        sentence: `${host} refuses the login: ${message}`,
        remedy: typed`have your key accepted there: ssh-copy-id ${host}; nobody is asked for a password during a run`,
      }
    case 'key-unknown':
      return {
        sentence: `${host} is not known here: ${message}`,
        remedy: typed`log in once by hand, and compare the fingerprint that it shows with the host’s own: ssh ${host}`,
      }
    case 'key-changed':
      return {
        sentence: `${host} has another host key than before, and may be another machine: ${message}`,
        remedy: typed`find out why; only where it was set up anew: ssh-keygen -R ${name}; then ssh ${host}, and compare the fingerprint`,
      }
    case 'lost':
      return {
        sentence: `the connection to ${host} was lost while \`${printed}\` ran there: ${message}`,
        remedy: job
          ? 'it goes on or has ended there, and is not started twice: runbook resume, when the host can be reached'
          : 'run it again when the host can be reached',
      }
  }
}

const explainUnmet = (unmet: readonly Unmet[], tail?: string): Explanation => {
  const sentences = unmet.map(({ fact, seen }) => `not so: ${fact}; seen: ${seen}`)
  const error = newestError(tail ?? '')
  // The body of an answer says less than what was asked.
  if (error && !/^[{[<]/.test(error) && !unmet.some(({ seen }) => seen.includes(error)))
    sentences.unshift(error)
  const remedies = [...new Set(unmet.map(({ remedy }) => remedy))]
  return { sentence: sentences.join('\n'), remedy: remedies.join('\n'), ...(tail && { detail: tail }) }
}

/** Two texts may differ far behind their beginning. */
const movedText = ({ was, is }: { was: string; is: string }): string => {
  const short = (text: string) => (/\n/.test(text) || text.length > 60 ? 'another text' : text)
  return short(was) === short(is) ? 'it is another text now' : `it was ${short(was)}, it is ${short(is)}`
}

/** The newest line that names an error: whoever is tired reads one line. */
const newestIn = (output: string): string => {
  const error = newestError(output)
  return error ? `: ${error}` : ''
}

const wrongText = ({ wrongName }: Extract<Failure, { kind: 'declined' }>): string =>
  wrongName ? `; ${nameDifference(wrongName.typed, wrongName.name)}: it is ${wrongName.name}` : ''

const exitText = (exit: number | string): string =>
  typeof exit === 'number' ? `exit ${exit}` : `signal ${exit}`

const fileText = (code: string, message: string): string =>
  ({
    ENOENT: 'there is no such file',
    EACCES: 'may not be read or written',
    EISDIR: 'is a folder',
    ENOSPC: 'the disk is full',
  })[code] ?? message

/** SQLSTATE classes: PostgreSQL documentation, appendix A. */
const remedyOfState = (sqlstate: string): string => {
  if (sqlstate === '42501') return 'grant the role that right, or use the role that owns the object'
  if (sqlstate === '55P03' || sqlstate === '57014')
    return "find who holds the lock: SELECT pid, usename, application_name, xact_start, query FROM pg_stat_activity WHERE state <> 'idle' ORDER BY xact_start"
  if (sqlstate === '53100') return 'make room on the database server’s disk'
  return 'nothing of it stays; correct the SQL and deploy again'
}

const fullPool = ({ secret, pooler, target }: Extract<Failure, { kind: 'pooled' }>): string =>
  `${secret} leads to ${pooler ?? 'a pooler'} at ${target.replace(/^.* at /, '')}, whose pool has no session left for this run: it needs at least 7 at once, two of them to its end, and a restore more`

const remedyOfConnection = (code: string, target: string): string => {
  if (code === '28P01' || code === '28000') return 'the user or the password is wrong: correct DATABASE_URL'
  if (code === '3D000') return 'there is no such database: correct its name in DATABASE_URL'
  if (code === '53300') return 'the server has no free connection: end idle ones, or raise max_connections'
  if (code === 'ENOTFOUND') return 'the host name is not known: correct DATABASE_URL'
  const [, host, port] = /^.* at (.*):(\d+)$/.exec(target) ?? []
  return typed`see whether PostgreSQL runs there: pg_isready -h ${host ?? '<host>'} -p ${port ?? '<port>'}`
}
