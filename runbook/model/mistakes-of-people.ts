import { z } from 'zod'
import type { Book } from './book.ts'
import type { Notifier } from './notifier.ts'
import type { Mistake } from './step.ts'

const string = z.string('must be a string').min(1, 'must not be empty')

/** What a book says of people: whose word a rollback needs, who is asked, and whom a run tells. */
export const peopleShape = {
  approval: z.strictObject({ from: string, contact: string.optional() }).optional(),
  contacts: z
    .array(
      z.strictObject(
        { name: string, reach: string, when: string.optional() },
        "must be an object: { name: 'DevOps team', reach: 'devops@example.com' }",
      ),
      'must be a list: [{ name, reach }]',
    )
    .optional(),
  notify: z
    .array(
      z.custom<Notifier>(
        (value) => (value as Notifier | null)?.kind === 'notifier',
        "must be slack(secret('NAME')), webhook(secret('NAME')) or pagerDuty(secret('NAME'))",
      ),
      "must be a list: [slack(secret('SLACK_WEBHOOK'))]",
    )
    .optional(),
}

/** What a notifier was made with, held against the book that it stands in. */
export const mistakesOfPeople = ({ notify = [], environments }: Book): Mistake[] =>
  notify.flatMap(({ mistakes, in: only = [] }, i) => [
    ...mistakes.map(({ at, expected }) => ({ at: `notify.${i}${at && `.${at}`}`, expected })),
    ...only
      .filter((name) => !Object.hasOwn(environments, name))
      .map((name) => ({
        at: `notify.${i}.in`,
        expected: `names '${name}', and the book has ${Object.keys(environments).join(', ')}`,
      })),
  ])
