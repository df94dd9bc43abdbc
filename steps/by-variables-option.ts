import { z } from 'zod'
import { BY_VARIABLES } from '../runbook/index.ts'

/** An option of a step that runs a command: its author vouches for how that knows the database. */
export const byVariables = z
  .literal(BY_VARIABLES, `'${BY_VARIABLES}', or left out`)
  .optional()
  .describe(
    `'${BY_VARIABLES}' where its command knows the database by nothing but the variables that it is given, be it a URL or PGHOST and the others: then it is rehearsed also where it cannot be kept from everything but the copy`,
  )
