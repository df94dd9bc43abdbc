import type { Place } from './draft-book.ts'
import type { ForAPerson } from './for-a-person.ts'
import { byHand, remark } from './shell-steps.ts'

/** What brings an older state back goes into a procedure of its own, wherever the page has it; says what became of it. */
export const broughtBack = (block: string, kind: ForAPerson, place: Place): string => {
  const [name, because] =
    kind.kind === 'restores'
      ? ['restore-by-hand', 'it brings back what was']
      : ['take-back-by-hand', 'a way back is not part of the way there']
  const became = byHand(block, because, place.aside(name, because))
  remark(`REVIEW: the page brings back here what was: see the procedure ${name}`, place)
  return `${became}, in the procedure ${name}`
}
