import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { prismaInstalled } from '../checks/prisma-installed.ts'
import { installedPrisma } from '../checks/reading/prisma-place.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { tablesHaveRows } from '../checks/tables-have-rows.ts'
import { databaseOf, defineStep, factory, failureOf, nothingToUndo } from '../runbook/index.ts'
import { place, prismaCommand } from './prisma/place.ts'

export const prismaSeed = factory(
  'prisma-seed',
  {
    ...place,
    /** How many rows each table has at least, once it has been seeded. */
    rows: z
      .record(z.string().min(1), z.int().positive())
      .refine((tables) => Object.keys(tables).length > 0, 'at least one table')
      .describe('how many rows each table has at least, once it has been seeded: { avatar_presets: 3 }'),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
  },
  ({ rows, timeout, ...at }) => {
    const seeded = tablesHaveRows(rows)
    return defineStep({
      id: 'prisma-seed',
      title: 'Seed the database',
      about:
        'Runs `prisma db seed`, the program that the application names for it. Done means that the tables have their ' +
        'rows, and then it is skipped. A seed that fails halfway is told by what the tables have; it is run again, so ' +
        'it must not mind rows that are there already.',
      sort: 'state',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (look) => ({
        program: (await installedPrisma(look, at)).program,
        had: (await seeded.look(look)).seen,
      }),
      before: () => [prismaInstalled(at)],
      findings: ({ observed }) => [observed.had],
      actions: ({ observed, env }) => ({
        seed: { ...prismaCommand(observed.program, env, at, 'db', 'seed'), ...(timeout && { timeout }) },
      }),
      run: async (act) => {
        try {
          await act.perform('seed')
        } catch (error) {
          act.signal.throwIfAborted()
          const failure = failureOf(error)
          if (failure.kind !== 'command-failed') throw error
          const { seen } = await seeded.look(act)
          act.prove(
            'the seed ran to its end',
            { holds: false, seen: `exit ${failure.exit}; ${seen}`, tail: failure.tail },
            'read its last lines; what it has written stays. Correct it, then run it again: it must not mind rows that are there',
          )
        }
      },
      after: () => [seeded],
      output: async (look) => ({ rows: (await seeded.look(look)).seen }),
      summary: ({ output }) => output.rows,
      undo: () => nothingToUndo('the rows stay; they go with their tables, or with a restore'),
    })
  },
  { in: 'backend', rows: { avatar_presets: 3 } },
)
