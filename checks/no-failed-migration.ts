import { defineCheck, fails, holds, typed } from '../runbook/index.ts'
import { oneLine } from './reading/one-line.ts'
import { migrationRows } from './reading/prisma-migrations.ts'

/** No migration has been begun and not finished: while one is, Prisma refuses every further one (P3009). */
export const noFailedMigration = () =>
  defineCheck({
    fact: 'no migration has failed before',
    remedy: 'npx prisma migrate resolve, with --rolled-back or --applied',
    look: async (at) => {
      const failed = ((await migrationRows(at)) ?? []).filter(({ state }) => state === 'failed')
      if (failed.length === 0) return holds('none')
      const [{ name, logs }] = failed as [(typeof failed)[0]]
      return fails(
        `${failed.map((row) => row.name).join(', ')} began and never finished, so Prisma refuses every other one (P3009)`,
        {
          remedy: `${typed`look at what is there of ${name}: it may have left an index that is not valid, or what it committed itself. Nothing there: npx prisma migrate resolve --rolled-back ${name}`}, or prismaResolve({ rolledBack: '${name}' }); then correct or replace the file. All of it there: --applied ${name}`,
          ...(logs && {
            tail: logs
              .split('\n')
              .map((line) => oneLine(line))
              .slice(0, 12)
              .join('\n'),
          }),
        },
      )
    },
  })
