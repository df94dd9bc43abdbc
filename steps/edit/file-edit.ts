/** What to find in a text, and what to put in its place. */
export interface Edit {
  readonly find: string | RegExp
  readonly replace: string
}
/** A place in a text and its new content. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}
/** A file's text with line ends as `\n` and without a byte order mark, and how to give both back. */
interface Opened {
  readonly text: string
  close(text: string): string
}

/** Where the edit would change a text that was opened. */
export const replacementsIn = (text: string, { find, replace }: Edit): Replacement[] => {
  const expression =
    typeof find === 'string'
      ? new RegExp(literally(find), 'g')
      : new RegExp(find.source, `${find.flags.replace(/[gy]/g, '')}g`)
  return [...text.matchAll(expression)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    text: typeof find === 'string' ? replace : expanded(replace, match),
  }))
}

export const replaced = (text: string, replacements: readonly Replacement[]): string => {
  let [result, from] = ['', 0]
  for (const { start, end, text: put } of replacements) {
    result += text.slice(from, start) + put
    from = end
  }
  return result + text.slice(from)
}

/** Whether the replacement stands in the text; what a group of the expression held may be anything there. */
export const replacementStands = (text: string, { find, replace }: Edit): boolean =>
  typeof find === 'string'
    ? text.includes(replace)
    : new RegExp(
        replace
          .split(REFERENCES)
          .map((part, i) => (i % 2 ? (part === '$$' ? '\\$' : '[^\\n]*?') : literally(part)))
          .join(''),
      ).test(text)

/** A file with CRLF throughout is edited as if it had none, so that `find` and `replace` need not know. */
export const opened = (content: string): Opened => {
  const mark = content.startsWith('\uFEFF') ? '\uFEFF' : ''
  const body = content.slice(mark.length)
  const crlf = body.includes('\r\n') && !/(^|[^\r])\n/.test(body)
  return {
    text: crlf ? body.replaceAll('\r\n', '\n') : body,
    close: (text) => mark + (crlf ? text.replaceAll('\n', '\r\n') : text),
  }
}

/** `$1`, `$<name>`, `$&` and `$$`, as in String.replace. */
const REFERENCES = /(\$(?:\$|&|\d{1,2}|<[^>]+>))/

const expanded = (template: string, match: RegExpExecArray): string =>
  template
    .split(REFERENCES)
    .map((part, i) => {
      if (i % 2 === 0) return part
      if (part === '$$') return '$'
      if (part === '$&') return match[0]
      return (part[1] === '<' ? match.groups?.[part.slice(2, -1)] : match[Number(part.slice(1))]) ?? ''
    })
    .join('')

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
