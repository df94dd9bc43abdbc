import { defineCheck, fails, holds, reads } from '../runbook/index.ts'
import { oneLine } from './reading/one-line.ts'
import {
  below,
  defaultPlace,
  installedPrisma,
  type PrismaPlace,
  prismaVariables,
} from './reading/prisma-place.ts'

/**
 * The database is what the schema says: no drift. `migrate status` does not look at it. The database is introspected
 * into a copy of the schema in a scratch folder, and the two are compared: `migrate diff` takes a live database only as
 * a URL in its arguments, where `ps` shows the password, and not at all where the application has a driver adapter.
 */
export const schemaMatches = (place: PrismaPlace = defaultPlace) =>
  defineCheck({
    fact: `the database is what ${below(place.in, place.schema)} says`,
    remedy: 'find out who changed it by hand; then take it back, or make it a migration',
    look: async (at) => {
      const { program } = await installedPrisma(at, place)
      const cwd = place.in === '.' ? {} : { cwd: place.in }
      const prisma = (...args: string[]) => ({
        ...reads(program, ...args),
        ...cwd,
        env: prismaVariables(at.env),
      })
      const copy = `${await at.scratch()}/live-${place.schema.replaceAll('/', '-')}`
      await at.see({ ...reads('cp', '-R', '--', place.schema, copy), ...cwd })
      await at.see(prisma('db', 'pull', '--force', '--schema', copy))
      const compare = ['--from-schema-datamodel', copy, '--to-schema-datamodel', place.schema]
      // 2 is a difference; the words are for people, and differ between engines.
      const same = await at.attempt(prisma('migrate', 'diff', ...compare, '--exit-code'))
      if (same.ok) return holds('no difference')
      if (same.failure.kind !== 'command-failed' || same.failure.exit !== 2)
        return fails(`it could not be compared: ${same.failure.kind}`, {
          ...('tail' in same.failure && same.failure.tail ? { tail: same.failure.tail } : {}),
        })
      const told = await at.see({ ...prisma('migrate', 'diff', ...compare), accept: [0, 2] })
      const lines = told.split('\n').map((line) => oneLine(line))
      const first = lines.filter((line) => /^\[/.test(line)).slice(0, 3)
      return fails(`it differs${first.length ? `: ${first.join('; ')}` : ''}`, {
        tail: lines.filter(Boolean).slice(-30).join('\n'),
      })
    },
  })
