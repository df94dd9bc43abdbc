import type { DatabasePart } from './database-parts.ts'

/**
 * The promise of a value from the process's environment or from `.env.<environment>` beside the book.
 * It is opened only at the door it leaves by, and prints as `‹secret NAME›`.
 */
export interface Secret {
  readonly kind: 'secret'
  readonly name: string
  /** Of a database URL: only this part of it, decoded. */
  readonly part?: DatabasePart
  /** Of a database URL: what its sessions begin with besides, such as `-c lock_timeout=50ms`. */
  readonly options?: string
}

/** A string with secrets in it, such as `Bearer ‹secret TOKEN›`. */
export interface Template {
  readonly kind: 'template'
  readonly parts: readonly (string | Secret)[]
}

/** A string, or one that becomes known only when it is used. */
export type Text = string | Secret | Template

const named = new Set<string>()

/** Names a secret; the value is read when it is used, never when the book is loaded. */
export const secret = (name: string): Secret => {
  named.add(name)
  return { kind: 'secret', name }
}

/** Every name so far. */
export const namedSecrets = (): readonly string[] => [...named]

/** A text with secrets in it: text\`Bearer ${secret('TOKEN')}\`. */
export const text = (strings: TemplateStringsArray, ...values: (string | number | Secret)[]): Template => ({
  kind: 'template',
  parts: strings.flatMap((string, i) => {
    const value = values[i]
    return value === undefined ? [string] : [string, typeof value === 'number' ? String(value) : value]
  }),
})

/** How a text stands in a plan, a transcript or a message. */
export const printText = (value: Text): string => {
  if (typeof value === 'string') return value
  if (value.kind === 'template') return value.parts.map(printText).join('')
  return value.part ? `‹secret ${value.name} ${value.part}›` : `‹secret ${value.name}›`
}

/** The names of the secrets in a text. */
export const secretsIn = (value: Text): string[] => {
  if (typeof value === 'string') return []
  return value.kind === 'secret' ? [value.name] : value.parts.flatMap(secretsIn)
}
