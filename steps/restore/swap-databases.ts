import { isOther, type Session, sessionsOf, sessionText } from '../../checks/reading/sessions.ts'
import { tied, tiedText } from '../../checks/reading/tied-to-database.ts'
import {
  type Act,
  defineCheck,
  defineStep,
  executes,
  Failed,
  fails,
  holds,
  type Look,
  type Loss,
  nothingToUndo,
  quantity,
  type Step,
  transaction,
  typed,
} from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'
import type { Brought } from './bring-backup.ts'
import { databasesNamed, liveAndBeside } from './live-and-beside.ts'

/** How often the swap is tried again where somebody's session holds on. */
const ATTEMPTS = 3

/**
 * Puts what was brought in the place of the live database. Both renames are one transaction, and from its beginning
 * the server lets nobody enter what is being renamed: there is no moment without a live database, and no other state
 * than the one before or the one after, however the run ends.
 */
export const swapDatabases = (brought: Step<any, any, Brought>) =>
  defineStep({
    id: 'swap-databases',
    title: 'Put the restored database in the place of the live one',
    about:
      'Ends the sessions of others, which are named, and renames both databases in one transaction: the live one is kept ' +
      'under a dated name, with everything in it. Programs that connect again at once wait for the end of it.',
    sort: 'state',
    observe: async (at) => {
      const { live, names, via, there } = await liveAndBeside(at, at.run.stamp)
      const stay = (await at.see(tied)).filter(({ database }) => database === live).map(tiedText)
      return {
        live,
        via: via ?? 'postgres',
        replaced: names.replaced,
        there,
        stay,
        ...incomingOf(at, brought),
      }
    },
    before: ({ observed }) => [incomingStands(observed)],
    findings: ({ observed: { live, replaced }, env }) => [
      `the replaced database is kept as ${replaced}`,
      typed`to return to it: runbook restore ${env.name} ${replaced}`,
      `to drop it: DROP DATABASE ${quoted(replaced)}, or ${typed`runbook prune ${env.name}`}; ${live} is not touched by that`,
    ],
    actions: ({ observed: { live, incoming, replaced, via } }) => ({
      end: {
        ...executes<Ended>(
          `SELECT pid, usename AS role, application_name AS application, coalesce(host(client_addr), '') AS client, pg_terminate_backend(pid)
FROM pg_stat_activity a WHERE ${isOther}`,
          live,
        ),
        database: via,
      },
      swap: {
        ...transaction(
          [
            { sql: `ALTER DATABASE ${quoted(live)} RENAME TO ${quoted(replaced)}`, line: 1 },
            { sql: `ALTER DATABASE ${quoted(incoming)} RENAME TO ${quoted(live)}`, line: 2 },
          ],
          { lock_timeout: '10s', statement_timeout: '30s' },
        ),
        database: via,
        leaves: [live, incoming],
      },
    }),
    run: async (act) => {
      const { live } = act.observed
      const ended = new Map<number, Ended>()
      for (let attempt = 1; ; attempt += 1) {
        try {
          await swapWhileEnding(act, ended)
          break
        } catch (error) {
          if (attempt === ATTEMPTS || !isInUse(error)) throw error
        }
      }
      act.prove(
        `the sessions of others in ${live} were ended`,
        holds(ended.size ? [...ended.values()].map(sessionText).join('; ') : 'there were none'),
        '',
      )
    },
    after: ({ observed }) => [swapped(observed)],
    loses: async (at) => [...incomingOf(at, brought).losses, ...leftBehind(at.observed)],
    output: async ({ observed: { live, replaced }, env }) => ({ live, replaced, environment: env.name }),
    foresee: ({ observed: { live, replaced }, env }) => ({ live, replaced, environment: env.name }),
    summary: ({ output: { replaced, environment } }) =>
      `what it replaced is kept as ${replaced}; ` +
      typed`to return: runbook restore ${environment} ${replaced}; to drop it: runbook prune ${environment}`,
    undo: ({ observed: { replaced }, env }) =>
      nothingToUndo(typed`what it replaced is kept: runbook restore ${env.name} ${replaced}`),
  })

type Ended = Omit<Session, 'endable'>

interface Swap {
  live: string
  incoming: string
  replaced: string
  there: readonly string[]
}

const incomingOf = (at: Look, brought: Step<any, any, Brought>) => {
  const { incoming, losses } = at.outputOf(brought)
  return { incoming, losses }
}

/** They belong to a database by its number, whatever its name. */
const leftBehind = ({ stay, replaced }: { stay: readonly string[]; replaced: string }): Loss[] =>
  stay.map((what) => ({
    what: `${what}: it stays with ${replaced}, goes when that is dropped, and is to be made again for the restored database`,
    rows: null,
  }))

/**
 * The rename takes its lock at once, which keeps everybody out, then waits for those who are in: they are ended
 * meanwhile. Ended before, they would be back before the rename begins.
 */
const swapWhileEnding = async (
  { perform, see, sleep, observed: { live, via } }: Act<any, { live: string; via: string }>,
  ended: Map<number, Ended>,
): Promise<void> => {
  let over = false
  const swapping = (perform('swap') as Promise<unknown>).finally(() => {
    over = true
  })
  swapping.catch(() => {})
  const others = { ...sessionsOf(live), database: via }
  while (!over) {
    if ((await see(others)).length)
      for (const session of (await perform('end')) as Ended[]) ended.set(session.pid, session)
    await sleep(10)
  }
  await swapping
}

const isInUse = (error: unknown): boolean =>
  error instanceof Failed && error.failure.kind === 'query-failed' && error.failure.sqlstate === '55006'

const incomingStands = ({ incoming, replaced, live }: Swap) =>
  defineCheck({
    fact: `${incoming} is there to take the place of ${live}`,
    remedy: 'restore the backup again',
    look: async ({ see }) => {
      const there = (await see(databasesNamed(incoming, replaced))).map(({ name }) => name)
      if (there.includes(replaced)) return fails(`there is a ${replaced} already`)
      return there.includes(incoming) ? holds('it is there') : fails('there is no such database')
    },
  })

const swapped = ({ live, incoming, replaced }: Swap) =>
  defineCheck({
    fact: `${live} is what was restored, and what it was is kept as ${replaced}`,
    remedy: 'look at the list of databases: psql -l',
    look: async ({ see }) => {
      const there = (await see(databasesNamed(live, incoming, replaced))).map(({ name }) => name)
      return there.includes(live) && there.includes(replaced) && !there.includes(incoming)
        ? holds(quantity(there.length, 'database'))
        : fails(`there is ${there.join(', ')}`)
    },
  })
