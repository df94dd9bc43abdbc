import { defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { defaultPlace, installedPrisma, type PrismaPlace } from './reading/prisma-place.ts'

/** Majors whose commands, table and checksums were looked at. From 7 on, `migrate diff` takes other options. */
const known = ['5', '6']

/** The application has its own Prisma, in a version that is known here, and a client of the same. */
export const prismaInstalled = (place: PrismaPlace = defaultPlace) =>
  defineCheck({
    fact: `Prisma is installed in ${place.in === '.' ? 'the application' : place.in}`,
    remedy: typed`install it as locked: cd ${place.in} && npm ci`,
    look: async (at) => {
      const { version, client } = await installedPrisma(at, place)
      if (!version) return fails('no node_modules/prisma')
      const major = majorOf(version)
      if (!known.includes(major))
        return fails(`Prisma ${version}; known here are ${known.join(' and ')}`, {
          remedy: typed`npm install --save-exact prisma@${known.at(-1)!} @prisma/client@${known.at(-1)!}, or run it by hand in a \`shell\` step`,
        })
      if (client && majorOf(client) !== major)
        return fails(`prisma is ${version}, and @prisma/client is ${client}`, {
          remedy: typed`npm install --save-exact prisma@${client} @prisma/client@${client}`,
        })
      return holds(`Prisma ${version}`)
    },
  })

const majorOf = (version: string): string => version.split('.', 1)[0]!
