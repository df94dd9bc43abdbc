import { type Actions, executes } from '../../runbook/index.ts'
import { quoted } from '../sql/quoted.ts'

/** Even where the program of a run that was killed still writes into it. */
export const drops = (name: string) => executes(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`)

/** Drops one that is about to be made, and what earlier ones left: `discard`, `discard-1` …; from `database`. */
export const discards = (own: string, leftovers: readonly string[], database: string): Actions => ({
  discard: { ...drops(own), database, leaves: [own] },
  ...Object.fromEntries(
    leftovers
      .filter((name) => name !== own)
      .map((name, i) => [`discard-${i + 1}`, { ...drops(name), database }]),
  ),
})
