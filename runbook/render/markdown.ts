/** Text on one line, in which markdown would see marks of its own; code between backticks stays code. */
export const plain = (text: string): string =>
  text.replace(/\s*\n\s*/g, ' ').replace(/[*<]|!?\[(?=[^\]]*\]\()|\\(?=[!-/:-@[-`{-~])/g, '\\$&')

/** A fence that is longer than any in the text. */
export const block = (language: string, text: string): string[] => {
  const fence = fenceOf(text, 3)
  return [`${fence}${language}`, text, fence, '']
}

/** Within a line, whatever stands in it. */
export const code = (text: string): string => {
  const fence = fenceOf(text, 1)
  const room = /^`|`$/.test(text) ? ' ' : ''
  return `${fence}${room}${text.replace(/\s*\n\s*/g, ' ')}${room}${fence}`
}

const fenceOf = (text: string, least: number): string => {
  const inside = (text.match(/`+/g) ?? []).map(({ length }) => length)
  return '`'.repeat(Math.max(least, ...inside.map((length) => length + 1)))
}
