import {
  databaseOf,
  defineCheck,
  fails,
  holds,
  isElsewhere,
  libpqVariables,
  reads,
} from '../runbook/index.ts'

/** The database's host is this machine, by its name in the URL: what would be lost is nobody else's. */
export const databaseIsLocal = () =>
  defineCheck({
    fact: 'the database is on this machine, and not protected',
    remedy: 'give this environment a database of this machine',
    look: async ({ see, env }) => {
      // A look cannot open a secret; a program that is given the variable can say it.
      const { PGHOST, PGHOSTADDR } = libpqVariables(databaseOf(env))
      // An address counts over the name that stands beside it, of which it says nothing.
      const said = await see({
        ...reads('printenv', 'PGHOSTADDR', 'PGHOST'),
        env: { PGHOST: PGHOST!, PGHOSTADDR: PGHOSTADDR! },
        accept: [0, 1],
      })
      const host = said.split('\n')[0]!
      if (env.protected) return fails(`${env.name} is protected`)
      // What is local over there is not on this machine.
      if (isElsewhere(env)) return fails(`it is on ${env.host}, or reached from there`)
      return /^(localhost|127(\.\d+){3}|\[?::1\]?|\/.*|)$/i.test(host)
        ? holds(host || 'its socket')
        : fails(`it is on ${host}`)
    },
  })
