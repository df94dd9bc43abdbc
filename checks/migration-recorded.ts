import { defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { migrationRows } from './reading/prisma-migrations.ts'

/** Prisma’s table has no attempt at this migration that it takes for applied or failed: it may be applied again. */
export const migrationNotRecorded = (name: string) =>
  defineCheck({
    fact: `the migration ${name} is marked as rolled back, or was never begun`,
    remedy: typed`npx prisma migrate resolve --rolled-back ${name}`,
    look: async (at) => {
      const attempts = ((await migrationRows(at)) ?? []).filter((row) => row.name === name)
      const open = attempts.find(({ state }) => state !== 'rolled back')
      if (open) return fails(`it is ${open.state}`)
      return holds(attempts.length ? 'marked as rolled back' : 'never begun')
    },
  })

/** Prisma’s table has this migration as applied. */
export const migrationRecorded = (name: string) =>
  defineCheck({
    fact: `the migration ${name} is recorded as applied`,
    remedy: typed`npx prisma migrate resolve --applied ${name}`,
    look: async (at) => {
      const attempts = ((await migrationRows(at)) ?? []).filter((row) => row.name === name)
      return attempts.some(({ state }) => state === 'applied')
        ? holds('applied')
        : fails(attempts.at(-1)?.state ?? 'never begun')
    },
  })
