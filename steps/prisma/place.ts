import { z } from 'zod'
import { type PrismaPlace, prismaVariables } from '../../checks/reading/prisma-place.ts'
import { changes, type Environment, type Text } from '../../runbook/index.ts'
import { variables } from '../variables.ts'

/** The options of every step that has to do with Prisma. */
export const place = {
  /** Default: the application's folder. */
  in: z.string().min(1).default('.').describe("the folder of package.json; default: the application's"),
  /** Relative to `in`; the migrations stand beside it. */
  schema: z
    .string()
    .min(1)
    .default('prisma/schema.prisma')
    .describe('the schema file or folder, relative to `in`; the migrations stand beside it'),
  env: variables.describe(
    'variables for Prisma besides the URL of the environment’s database, which it has by its name',
  ),
}

/** A command of the application's own Prisma, on the database that the book names. */
export const prismaCommand = (
  program: string,
  env: Environment,
  { in: folder, env: more }: PrismaPlace & { env?: Readonly<Record<string, Text>> | undefined },
  ...args: string[]
) => ({
  ...changes(program, ...args),
  ...(folder !== '.' && { cwd: folder }),
  env: { ...prismaVariables(env), ...more },
})
