import { seenInString } from '../model/unseen.ts'

/** TypeScript that stands as it is, such as `secret('TOKEN')`; a class, so that nothing of a page is taken for it. */
export class Code {
  constructor(readonly code: string) {}
}
export type Value =
  | string
  | number
  | boolean
  | null
  | Code
  | readonly Value[]
  | { readonly [key: string]: Value }

export const code = (text: string): Code => new Code(text)

/** A value as a book writes it. */
export const literal = (value: Value, indent = ''): string => {
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value !== 'object') return String(value)
  if (value instanceof Code) return value.code
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value).map(([key, item]) => `${keyOf(key)}: ${literal(item, inner)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{ ', ' }']
  const line = `${open}${parts.join(', ')}${close}`
  if (parts.length === 0) return Array.isArray(value) ? '[]' : '{}'
  if (line.length + indent.length < 90 && !line.includes('\n')) return line
  return [open.trim(), ...parts.map((part) => `${inner}${part},`), `${indent}${close.trim()}`].join('\n')
}

/** A key as a book writes it. */
export const keyOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key))

/** Several lines stay several lines, so that they can be read. */
const quoted = (text: string): string =>
  text.includes('\n')
    ? `\`${seenInString(text.replace(/[\\`]|\$\{/g, '\\$&'))}\``
    : `'${seenInString(text.replace(/[\\']/g, '\\$&').replaceAll('\t', '\\t'))}'`
