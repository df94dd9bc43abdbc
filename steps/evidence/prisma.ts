import { migrationRows } from '../../checks/reading/prisma-migrations.ts'
import { installedPrisma, type PrismaPlace } from '../../checks/reading/prisma-place.ts'
import type { Evidence } from '../../runbook/index.ts'

/** What Prisma has recorded of its migrations, and its versions. */
export const prismaEvidence = (place: PrismaPlace): Evidence => ({
  file: 'prisma.txt',
  about: 'versions of Prisma, and what _prisma_migrations says',
  collect: async (at) => {
    const { version, client } = await installedPrisma(at, place)
    const rows = await migrationRows(at)
    const lines = rows?.map(({ name, state, checksum, logs }) =>
      [
        `  ${state.padEnd(11)}  ${name}  sha256 ${checksum}`,
        ...(logs ? [logs.replace(/^/gm, '    ')] : []),
      ].join('\n'),
    )
    return [
      `prisma ${version ?? 'is not installed'}, @prisma/client ${client ?? 'is not installed'}`,
      '_prisma_migrations:',
      ...(lines ?? ['  there is no such table']),
      '',
    ].join('\n')
  },
})
