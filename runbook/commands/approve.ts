import { namesOfOperator } from '../doors/process-identity.ts'
import { askText } from '../engine/ask.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Book } from '../model/book.ts'
import { Failed } from '../model/failure.ts'
import { approverOf } from '../model/person.ts'
import { isSameName, namesSomebody } from '../model/who.ts'
import type { Invocation } from './invocation.ts'
import { UsageError } from './usage-error.ts'

/** Fails before anything is begun, where `--approved-by` names nobody. */
export const demandApprover = ({ options: { approvedBy } }: Pick<Invocation, 'options'>): void => {
  if (approvedBy === undefined || namesSomebody(approvedBy)) return
  throw new UsageError(
    `--approved-by '${approvedBy}' names nobody`,
    "give the name of the person who approved it: --approved-by 'Ada Lovelace'",
  )
}

/** Fails before anything is begun, where the book asks for an approval that nobody can give. */
export const mayBeApproved = (book: Book, invocation: Invocation): void => {
  const { options, canAsk } = invocation
  demandApprover(invocation)
  const approver = approverOf(book)
  if (!approver || options.approvedBy || canAsk) return
  throw new Failed({ kind: 'answer-needed', question: questionOf(approver), flag: '--approved-by <name>' })
}

/**
 * Asks who approved a rollback and in which words; both stand in the transcript. Where that is whoever performs it, the
 * transcript and the screen say so: it is no second person's word.
 */
export const approve = async (
  book: Book,
  context: RunContext,
  { approvedBy, approvalNote }: Invocation['options'],
): Promise<void> => {
  const approver = approverOf(book)
  if (!approver) return
  const question = questionOf(approver)
  const { variables } = context.doors
  const isOwn = (name: string) => namesOfOperator(variables).some((own) => isSameName(own, name))
  const who = await askText(question, approvedBy?.trim(), context, (name) =>
    isOwn(name) ? { own: true } : {},
  )
  if (!namesSomebody(who)) throw new Failed({ kind: 'declined', question })
  // Whoever gives the name as a flag is not asked for more.
  await askText('What did they say?', approvalNote ?? (approvedBy ? '' : undefined), context)
}

const questionOf = (approver: string): string =>
  `A rollback needs the approval of ${approver}. Who approved it?`
