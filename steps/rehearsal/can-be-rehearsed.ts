import {
  BY_VARIABLES,
  type Check,
  type Closing,
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  reads,
} from '../../runbook/index.ts'
import { databasesNamed } from '../restore/live-and-beside.ts'
import { copiesOnNamedServer } from './copy-actions.ts'
import { UNREHEARSED } from './try-out.ts'
import type { Found, On } from './where.ts'

/** By name: in the book, or on the command line. */
export const allowances =
  ({ allowed }: Pick<Look, 'allowed'>, inBook: readonly string[]) =>
  (name: string): boolean =>
    inBook.includes(name) || allowed(name)

/** There is a place for a copy; or that there is none is allowed by name. */
export const canBeRehearsed = ({ where }: Found, inBook: readonly string[]): Check =>
  defineCheck({
    fact: 'what will change the database can be rehearsed',
    remedy: '',
    look: async (at) => {
      if (where.kind !== 'none' || at.migrations.length === 0) return holds('on a copy')
      if (allowances(at, inBook)(UNREHEARSED)) return holds(`NO, and that is allowed: ${where.because}`)
      return fails(where.because, { remedy: `${where.remedy}; or go on without: --allow ${UNREHEARSED}` })
    },
  })

/** What a plan says of it. */
export const howItIsRehearsed = (found: Found | null, off: string | undefined): string[] => {
  if (!found) return [`nothing is rehearsed: ${off}`]
  const { where } = found
  if (where.kind === 'none') return [`NOT rehearsed: ${where.because}`]
  const on = {
    same: 'beside the live database, on its server',
    named: 'on the server that the book names',
    throwaway: 'on a server that is started for it and ends with it',
  }[where.kind]
  return [
    `before the question, ${on}: the backup is restored, each migration performed on it and taken back`,
    'its locks, its time and what it writes anew are measured, and compared with what happens later',
    ...howCommandsRun(found.closing),
  ]
}

const howCommandsRun = (closing: Closing): string[] =>
  'asUser' in closing
    ? ['a command runs in a network of its own, in which only the copy can be reached']
    : [
        `a command is NOT rehearsed, and stops the run before the question, unless its step says database: '${BY_VARIABLES}': ${closing.because}`,
      ]

const remedyFor = ({ where, database }: Found): string =>
  where.kind === 'throwaway' ? `end its server, and remove ${where.folder}` : `DROP DATABASE "${database}"`

/** Nothing is left of it. */
export const copyIsGone = (found: Found | null, on: On): Check =>
  defineCheck({
    fact: 'nothing is left of the copy',
    remedy: found ? remedyFor(found) : '',
    look: async ({ see, attempt, env }) => {
      if (found?.where.kind === 'named') {
        const left = (await see(copiesOnNamedServer(found.where.copies, env, on))).trim()
        return left ? fails(left.split('\n').join(', ')) : holds('it is dropped there')
      }
      if (found?.where.kind === 'throwaway') {
        const there = await attempt(reads('test', '-e', found.where.folder))
        return there.ok ? fails(found.where.folder) : holds('its server is gone')
      }
      if (found?.where.kind !== 'same') return holds('there was none')
      const left = await see(databasesNamed(found.database, ...found.leftovers))
      return left.length ? fails(quantity(left.length, 'database')) : holds('it is dropped')
    },
  })
