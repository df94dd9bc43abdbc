import { askText } from '../engine/ask.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Book } from '../model/book.ts'
import { Failed } from '../model/failure.ts'
import { approverOf } from '../model/person.ts'
import type { Invocation } from './invocation.ts'

/** Fails before anything is begun, where the book asks for an approval that nobody can give. */
export const mayBeApproved = (book: Book, { options, canAsk }: Invocation): void => {
  const approver = approverOf(book)
  if (!approver || options.approvedBy || canAsk) return
  throw new Failed({ kind: 'answer-needed', question: questionOf(approver), flag: '--approved-by <name>' })
}

/** Asks who approved a rollback and in which words; both stand in the transcript. */
export const approve = async (
  book: Book,
  context: RunContext,
  { approvedBy, approvalNote }: Invocation['options'],
): Promise<void> => {
  const approver = approverOf(book)
  if (!approver) return
  const question = questionOf(approver)
  const who = await askText(question, approvedBy, context)
  if (!who) throw new Failed({ kind: 'declined', question })
  // Whoever gives the name as a flag is not asked for more.
  await askText('What did they say?', approvalNote ?? (approvedBy ? '' : undefined), context)
}

const questionOf = (approver: string): string =>
  `A rollback needs the approval of ${approver}. Who approved it?`
