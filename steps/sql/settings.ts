import type { Retry } from '../../runbook/index.ts'
import { quoted } from './quoted.ts'

/** Milliseconds. */
export interface Limits {
  /** How long a statement may wait for a lock; readers queue behind it meanwhile. */
  lockTimeout: number
  statementTimeout: number
}

/** What a session is limited to that changes a schema. */
const limitsOf = ({ lockTimeout, statementTimeout }: Limits): Record<string, string> => ({
  lock_timeout: `${lockTimeout}ms`,
  statement_timeout: `${statementTimeout}ms`,
  // Where the line breaks between two statements, its locks do not stay.
  idle_in_transaction_session_timeout: '60000ms',
})

/** The settings of a transaction that changes a schema. */
export const settingsOf =
  (limits: Limits) =>
  (schema: string): Record<string, string> => ({
    ...limitsOf(limits),
    // As a name among others in a list, which needs quotes only where it is not plain.
    search_path: /^[a-z_][a-z0-9_]*$/.test(schema) ? schema : quoted(schema),
  })

/** The same as `PGOPTIONS` has it, for another program's sessions. */
export const sessionOptions = (limits: Limits): string =>
  Object.entries(limitsOf(limits))
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')

/** Of a way back: it may be performed where nobody can look first whether the tables are free. Milliseconds. */
export const retryLocked = (patience: number, pause = 500): Retry => ({
  tries: 1 + Math.ceil(patience / pause),
  pause,
  on: ['not-begun', 'locked'],
})
