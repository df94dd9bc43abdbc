import { z } from 'zod'
import { clientGenerated } from '../checks/client-generated.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { installedPrisma } from '../checks/reading/prisma-place.ts'
import { defineStep, factory, nothingToUndo } from '../runbook/index.ts'
import { oldClient } from './diagnoses/old-client.ts'
import { place, prismaCommand } from './prisma/place.ts'

export const prismaGenerate = factory(
  'prisma-generate',
  {
    ...place,
    /** Where the generator writes, relative to `in`. Default: as the schema says. */
    output: z
      .string()
      .min(1)
      .optional()
      .describe('where the generator writes, relative to `in`; default: as the schema says'),
  },
  ({ output, ...at }) =>
    defineStep({
      id: 'prisma-generate',
      title: 'Generate the Prisma client',
      about:
        'Runs `prisma generate`, which makes the client from the schema. Skipped when the client that is there was made ' +
        'from the same schema. The application has it only once it is restarted.',
      sort: 'follows',
      provenByContent: true,
      observe: async (look) => ({ program: (await installedPrisma(look, at)).program }),
      before: () => [prismaInstalled(at)],
      actions: ({ observed, env }) => ({ generate: prismaCommand(observed.program, env, at, 'generate') }),
      after: () => [clientGenerated(at, { output })],
      output: async (look) => ({ generated: (await clientGenerated(at, { output }).look(look)).seen }),
      summary: ({ output: { generated } }) => generated,
      undo: () => nothingToUndo('a rollback generates it again from the previous schema'),
      diagnoses: ({ step }) => [oldClient(at, output, step)],
    }),
  { in: 'backend' },
)
