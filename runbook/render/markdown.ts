import { onOneLine } from '../model/unseen.ts'

/** Text on one line, in which markdown would see marks of its own; code between backticks stays code. */
export const plain = (text: string): string => onOneLine(text).replace(MARKS, '\\$&')
const MARKS = /[*<]|!?\[(?=[^\]]*\]\()|\\(?=[!-/:-@[-`{-~])/g

/**
 * A sentence with what is to be typed in it, such as a remedy. Whoever copies it must get what stands there: where markdown
 * might see a mark of its own in it, all of it is code, in which there are none.
 */
export const withCommands = (text: string): string => {
  const line = onOneLine(text)
  // A backtick between quotes is part of what is typed; the others are those of whoever wrote the sentence.
  const written = /'[^']*`[^']*'/.test(line) ? line : line.replace(/`[^`]+`/g, '')
  return NO_PROSE.test(written) ? code(line) : line
}
const NO_PROSE = /[\\`*<>&$~#|!{}[\]]|'[^']*'|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/u

/** A fence that is longer than any in the text. */
export const block = (language: string, text: string): string[] => {
  const fence = fenceOf(text, 3)
  return [`${fence}${language}`, text, fence, '']
}

/** Within a line, whatever stands in it. */
export const code = (text: string): string => {
  const fence = fenceOf(text, 1)
  const room = /^`|`$/.test(text) ? ' ' : ''
  return `${fence}${room}${onOneLine(text)}${room}${fence}`
}

const fenceOf = (text: string, least: number): string => {
  const inside = (text.match(/`+/g) ?? []).map(({ length }) => length)
  return '`'.repeat(Math.max(least, ...inside.map((length) => length + 1)))
}
