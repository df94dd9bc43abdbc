import { z } from 'zod'
import { type PrismaPlace, prismaVariables } from '../../checks/reading/prisma-place.ts'
import { changes, type Environment } from '../../runbook/index.ts'

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
}

/** A command of the application's own Prisma, on the database that the book names. */
export const prismaCommand = (
  program: string,
  env: Environment,
  { in: folder }: PrismaPlace,
  ...args: string[]
) => ({
  ...changes(program, ...args),
  ...(folder !== '.' && { cwd: folder }),
  env: prismaVariables(env),
})
