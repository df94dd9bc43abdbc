import { MENDS } from '../model/diagnosis.ts'
import { procedureOf } from './arrange.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { openBook } from './open-book.ts'
import { performForwards } from './perform-forwards.ts'
import { showPlan } from './plan.ts'
import { UsageError } from './usage-error.ts'

/** Performs another procedure of the book than `deploy`, such as `prepare`; recorded and taken back like a deployment. */
export const run = async (invocation: Invocation): Promise<number> => {
  const { argument: name = '', options } = invocation
  if (options.plan)
    return lookCommand(invocation, (open, context) => showPlan(open.of(name), open, context, invocation))
  // Whether there is such a remedy only the environment's steps can tell.
  const open = await openBook(invocation, (book) => void (name.startsWith(MENDS) || procedureOf(book, name)))
  const arrangement = open.of(name)
  const { book, env, steps } = arrangement
  if (steps.length === 0)
    throw new UsageError(
      `${name} has no step for ${env.name}`,
      `name another environment: ${Object.keys(book.environments).join(', ')}`,
    )
  return performForwards(arrangement, `Run ${name} of ${book.name} in ${env.name}`, open, invocation)
}
