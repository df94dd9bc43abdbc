import type { Invocation } from './invocation.ts'
import { openBook } from './open-book.ts'
import { performForwards } from './perform-forwards.ts'

/** Performs the book. */
export const deploy = async (invocation: Invocation): Promise<number> => {
  const open = await openBook(invocation)
  const { book, env } = open.arrangement
  return performForwards(open.arrangement, `Deploy ${book.name} to ${env.name}`, open, invocation)
}
