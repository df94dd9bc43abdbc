import type { Book } from './book.ts'

/** Somebody, or a role, and how they are reached. */
export interface Person {
  /** 'Ada Lovelace', 'DevOps team'. */
  readonly name: string
  /** 'devops@example.com', '+49 30 1234', 'see the rotation in PagerDuty'. */
  readonly reach: string
  /** What for, or at which time: 'the database', 'at night'. */
  readonly when?: string
}

/** Whose word a rollback needs, as a person says it: 'Technical Lead (+49 30 1234)'; undefined where the book asks for none. */
export const approverOf = ({ approval, contacts = [] }: Book): string | undefined => {
  if (!approval) return undefined
  const { from, contact = contacts.find(({ name }) => name === from)?.reach } = approval
  return contact ? `${from} (${contact})` : from
}
