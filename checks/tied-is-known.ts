import { defineCheck, holds, selects } from '../runbook/index.ts'
import { tied, tiedText } from './reading/tied-to-database.ts'

/** Says what a restore would leave with the database that it replaces. Nothing is wrong with that, but it has to be known. */
export const tiedIsKnown = () =>
  defineCheck({
    fact: 'what a restore would leave with the replaced database is known',
    remedy: '',
    look: async (at) => {
      const [{ live }] = (await at.see(currentDatabase)) as [{ live: string }]
      const mine = (await at.see(tied)).filter(({ database }) => database === live)
      return holds(
        mine.length
          ? `${mine.map(tiedText).join('; ')}: after a restore these are to be made again, for the restored one`
          : 'no replication slot, no subscription',
      )
    },
  })

const currentDatabase = selects<{ live: string }>('SELECT current_database() AS live')
