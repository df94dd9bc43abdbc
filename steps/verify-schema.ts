import { z } from 'zod'
import { columnCount } from '../checks/column-count.ts'
import { databaseAnswers } from '../checks/database-answers.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { tableExists } from '../checks/table-exists.ts'
import { tableHasColumns } from '../checks/table-has-columns.ts'
import { type Check, databaseOf, defineStep, factory, nothingToUndo } from '../runbook/index.ts'
import { wrongDatabaseUrl } from './diagnoses/wrong-database-url.ts'

const column = z.union([
  z.string().min(1),
  z.strictObject({
    /** As people write it: text, int, timestamptz, timestamp(3), text[]. */
    type: z.string().min(1).optional(),
    nullable: z.boolean().optional(),
    /** An SQL expression; null: none. */
    default: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
  }),
])

const table = z.strictObject({
  /** Default: the environment's. */
  schema: z.string().min(1).optional(),
  /** By exact name: a type, or { type, nullable, default }. */
  columns: z.record(z.string(), column).optional(),
  /** How many columns there are in all. */
  count: z.int().positive().optional(),
})

export const verifySchema = factory(
  'verify-schema',
  {
    /** By exact name: columns with their types, nullability and defaults, and how many there are. */
    tables: z
      .record(z.string(), table)
      .refine((tables) => Object.keys(tables).length > 0, 'at least one table')
      .describe(
        'by exact name: columns with their types, nullability and defaults, and how many there are in all',
      ),
  },
  ({ tables }) =>
    defineStep({
      id: 'verify-schema',
      title: 'Verify the schema',
      about:
        'Looks at tables in their own schema: names, types, nullability and defaults of columns, and their number. ' +
        'Names every column that is wrong, with what was found. Changes nothing.',
      sort: 'verifies',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      after: () =>
        Object.entries(tables).flatMap(([name, { schema, columns, count }]): Check[] => {
          const where = schema === undefined ? {} : { schema }
          return [
            ...(columns ? [tableHasColumns(name, columns, where)] : []),
            ...(count === undefined ? [] : [columnCount(name, count, where)]),
            ...(columns || count !== undefined ? [] : [tableExists(name, where)]),
          ]
          // Never empty: the schema of the options asks for a table.
        }) as unknown as [Check],
      undo: () => nothingToUndo('it only looks'),
      diagnoses: ({ env }) => [wrongDatabaseUrl(env)],
    }),
  { tables: { avatars: { columns: { personaName: 'text' }, count: 26 } } },
)
