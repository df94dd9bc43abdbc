import { migrationRows } from '../../checks/reading/prisma-migrations.ts'
import {
  type Act,
  type Command,
  databaseOf,
  type Environment,
  Failed,
  failureOf,
} from '../../runbook/index.ts'
import { type Limits, sessionOptions } from '../sql/settings.ts'
import { whenFree } from '../sql/when-free.ts'
import type { MigrationEffects } from './migration-effects.ts'

type Read = Pick<MigrationEffects, 'effects' | 'unread'>

/**
 * What the sessions of a migration are limited to. An index that is made beside those who write waits for every older
 * transaction, of any table, and keeps nobody waiting meanwhile; ended by a limit, it would stay, not valid.
 */
export const limitsOf = (concurrent: boolean, statementTimeout: number): Limits =>
  concurrent ? { lockTimeout: 0, statementTimeout: 0 } : { lockTimeout: 50, statementTimeout }

/**
 * Prisma's command, whose sessions hardly wait for a lock. Its engine reads the URL; node-postgres under an adapter, which
 * may have taken the URL apart, `PGOPTIONS`.
 */
export const impatient = (
  command: Command<'changes'>,
  env: Environment,
  limits: Limits,
): Command<'changes'> => {
  const options = sessionOptions(limits)
  const { url } = databaseOf(env)
  return { ...command, env: { ...command.env, [url.name]: { ...url, options }, PGOPTIONS: options } }
}

/** Only where each migration is one transaction, so that nothing stays of one that fails. */
export const isTriedAgain = ({ effects, unread }: Read): boolean =>
  unread === null && effects.locks.length > 0

/**
 * `migrate deploy` when nobody holds the tables. Where a migration got no lock, PostgreSQL has taken all of it back; it is
 * marked so, because Prisma refuses every other one until then (P3009), and tried again.
 */
export const deployWhenFree = (act: Act<any, Read>, patience: number): Promise<unknown> => {
  const { effects } = act.observed
  return whenFree(act, { tables: effects.locks, upTo: patience, action: 'deploy' }, async () => {
    try {
      await act.perform('deploy')
    } catch (error) {
      act.signal.throwIfAborted()
      const failure = failureOf(error)
      if (failure.kind !== 'command-failed' || !isTriedAgain(act.observed)) throw error
      const failed = (await migrationRows(act))?.find(({ state }) => state === 'failed')
      if (!failed || !gotNoLock(failed.logs)) throw error
      await act.perform('again', { migration: failed.name })
      throw new Failed({
        ...{ kind: 'query-failed', printed: failure.printed, sqlstate: '55P03' },
        message: `${failed.name} got no lock within 50 ms`,
      })
    }
  })
}

/** What Prisma has kept of the server's error: its state, or with an adapter only its words. */
const gotNoLock = (logs: string): boolean => /55P03|lock timeout/.test(logs)
