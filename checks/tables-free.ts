import { defineCheck, fails, holds, type Look, type Verdict } from '../runbook/index.ts'
import { type Holder, holderRemedy, holdersOf, holderText, type ToLock } from './reading/table-holders.ts'

/** How much later it is looked whether a transaction still goes on. Milliseconds. */
const LATER = 25

/**
 * Nobody holds the tables who did so a moment ago already. Whoever holds one only now is about to let it go: under load
 * there is always somebody.
 */
export const tablesFree = (tables: readonly ToLock[]) =>
  defineCheck({
    fact: `no transaction keeps ${tableNames(tables)} locked`,
    remedy: 'wait until it has ended',
    look: async (at) => {
      const before = await holdersOf(at, tables)
      if (before.length === 0) return holds('nobody')
      await at.sleep(LATER)
      const still = (await holdersOf(at, tables)).filter(({ transaction }) =>
        before.some((one) => one.transaction === transaction),
      )
      return heldBy(still) ?? holds('only for moments')
    },
  })

/** No transaction holds the tables for so long already that waiting as long for it is probably in vain. */
export const noLongTransaction = (tables: readonly ToLock[], longerThan: number) =>
  defineCheck({
    fact: `no transaction has kept ${tableNames(tables)} locked for ${longerThan / 1000} s`,
    remedy: 'wait until it has ended',
    look: async (at: Look) => {
      const all = await holdersOf(at, tables)
      const [oldest] = all
      const seen = oldest?.ms == null ? 'nobody' : `the oldest since ${oldest.since}`
      return heldBy(all.filter(({ ms }) => ms !== null && ms >= longerThan)) ?? holds(seen)
    },
  })

const heldBy = (holders: readonly Holder[]): Verdict | undefined =>
  holders.length === 0
    ? undefined
    : fails(holders.slice(0, 5).map(holderText).join('; '), { remedy: holderRemedy(holders[0]!) })

/** A few of them in a sentence. */
export const tableNames = (tables: readonly ToLock[]): string => {
  const names = tables.map(({ schema, table }) => `${schema}.${table}`)
  return names.length <= 3
    ? names.join(', ') || 'any table'
    : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}
