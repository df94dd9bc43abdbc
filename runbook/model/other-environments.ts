import type { Book } from './book.ts'

/** Another environment of the book, and the secrets that it names. */
export interface OtherEnvironment {
  name: string
  host: string
  secrets: ReadonlySet<string>
  /** Of those the one of its database's URL. */
  url?: string
}

/** The other environments of a book. */
export const othersIn = ({ environments }: Pick<Book, 'environments'>, own: string): OtherEnvironment[] =>
  Object.entries(environments).flatMap(([name, definition]) =>
    name === own
      ? []
      : [
          {
            ...{ name, host: definition.host ?? 'local', secrets: new Set(secretNamesIn(definition)) },
            ...(definition.database && { url: definition.database.url.name }),
          },
        ],
  )

/** The names of the secrets anywhere in a value of a book. */
export const secretNamesIn = (value: unknown): string[] => {
  if (value === null || typeof value !== 'object') return []
  if ('kind' in value && value.kind === 'secret' && 'name' in value) return [String(value.name)]
  return Object.values(value).flatMap(secretNamesIn)
}
