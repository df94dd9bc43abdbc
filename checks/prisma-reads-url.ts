import { databaseOf, defineCheck, fails, holds, reads, readsFile } from '../runbook/index.ts'
import { below, defaultPlace, type PrismaPlace } from './reading/prisma-place.ts'

/** Where an application may have told Prisma to connect by itself. */
const CONFIGS = [
  ...['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((end) => `prisma.config.${end}`),
  ...['ts', 'js'].map((end) => `.config/prisma.${end}`),
]

/**
 * Prisma's own engine goes to the same server as everything else here, and checks it as strictly. It passes over what it does not
 * know of a URL (quaint/src/connector/postgres/url.rs in prisma-engines): of `sslmode=verify-full` it makes `prefer`, and takes
 * any certificate.
 */
export const prismaReadsUrl = (place: PrismaPlace = defaultPlace) =>
  defineCheck({
    fact: 'Prisma goes to the server, and checks it, as the URL says',
    remedy: 'write it so that both read the same',
    look: async (at) => {
      const { url } = databaseOf(at.env)
      const asked = { ...reads('printenv', 'BEYOND_PRISMA'), accept: [0, 1] }
      const beyond = await at.see({ ...asked, env: { BEYOND_PRISMA: { ...url, part: 'beyond_prisma' } } })
      if (!beyond) return holds('it knows all of it')
      for (const config of CONFIGS) {
        const text = await at.attempt(readsFile(below(place.in, config)))
        if (text.ok && /\badapter\b/.test(text.value)) return holds(`its adapter in ${config} connects`)
      }
      return fails(`its engine passes over ${beyond}`, {
        remedy: `write what it knows into ${url.name}: one host and port before the name of the database; for TLS sslmode=require&sslaccept=strict&sslcert=/path/of/ca.crt, which this tool reads as verify-full`,
      })
    },
  })
