import { type ByteString, byteString, textOf } from './byte-string.ts'

/** Emoji that are made of several signs, and Persian words, need some that are not seen; elsewhere they hide something. */
const NEEDED =
  /\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:\u200d\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)*|[0-9#*]\ufe0f\u20e3|(?<=\p{Script=Arabic})\u200c(?=\p{Script=Arabic})/u
    .source
/** Controls, marks that turn the direction of writing, what has no width, and separators that look like a space. */
const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb]/u.source
/** The colours of this tool, `paintWith`. */
const OWN_COLOURS = '\\u001b\\[(?:1|2|22|31|32|33|36|39)m'

const plainly = /^[\t\n\x20-\x7e]*$/
const pattern = (...kept: string[]): RegExp => new RegExp(`(${kept.join('|')})|${UNSEEN}`, 'gu')
const [inText, inOwnText] = [pattern('[\\t\\n]', NEEDED), pattern('[\\t\\n]', OWN_COLOURS, NEEDED)]

/**
 * A text in which nothing is left that a terminal obeys or a reader does not see: each such sign becomes �, but for tabs
 * and ends of lines. `colours`: those of this tool stay.
 */
export const seen = (text: string, { colours = false } = {}): string =>
  plainly.test(text) ? text : text.replace(colours ? inOwnText : inText, (_, kept) => kept ?? '�')

/** The same, each as the `\u` of a string in JSON or TypeScript: what it says stays the same. */
export const seenInString = (text: string): string =>
  plainly.test(text) ? text : text.replace(inText, (sign, kept) => kept ?? escaped(sign))
const escaped = (sign: string): string =>
  [...Array(sign.length).keys()].map((i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/** A string of bytes in JSON, as bytes; of most that a child prints a look tells that nothing is in it. */
export const jsonOfBytes = (bytes: ByteString): string =>
  LEADING.some((lead) => bytes.includes(lead)) && UNSEEN_BYTES.test(bytes)
    ? byteString(Buffer.from(jsonLine(textOf(bytes))))
    : JSON.stringify(bytes)
const LEADING = [
  '\x7f',
  '\xc2',
  '\xcd\x8f',
  '\xd8\x9c',
  '\xe1',
  '\xe2\x80',
  '\xe2\x81',
  '\xe3\x85',
  '\xef',
  '\xf0',
  '\xf3',
]
/** In UTF-8, of all signs of `UNSEEN` that JSON does not escape already; its test knows each of them. */
const UNSEEN_BYTES = new RegExp(
  [
    '\\x7f|\\xc2[\\x80-\\x9f\\xad]|\\xcd\\x8f|\\xd8\\x9c',
    '\\xe1(?:\\x85[\\x9f\\xa0]|\\x9e[\\xb4\\xb5]|\\xa0[\\x8b-\\x8f])',
    '\\xe2(?:\\x80[\\x8b-\\x8f\\xa8-\\xae]|\\x81[\\xa0-\\xaf])|\\xe3\\x85\\xa4',
    '\\xef(?:\\xb8[\\x80-\\x8f]|\\xbb\\xbf|\\xbe\\xa0|\\xbf[\\xb0-\\xbb])',
    '\\xf0(?:\\x9b\\xb2[\\xa0-\\xa3]|\\x9d\\x85[\\xb3-\\xba])|\\xf3\\xa0',
  ].join('|'),
)

/** A value as one line of JSON. */
export const jsonLine = (value: unknown): string => seenInString(JSON.stringify(value))

/** A text on one line, such as a reason that somebody gave. */
export const onOneLine = (text: string): string => text.replace(/\s*[\r\n\u0085\u2028\u2029]\s*/g, ' ')
