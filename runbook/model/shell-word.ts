/** One word for a POSIX shell, whatever stands in it. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Taken by a shell as it is; with what stands for a secret, or for what is known later, as it is printed. */
const PLAIN = /^(‹secret \w+›)?[A-Za-z0-9_./:=@%+,^~‹›-]*$/
/** What a terminal would obey, or would not show; '\n' and '\t' of a block of lines it shows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const UNSEEN_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/**
 * A word as a person types it: quoted where a shell would take it apart. What is not seen is written as bash, zsh and ksh
 * read it: $'a\nb'. `lines`: it may be a block, whose lines stay lines. `quoted`: in any case, because what comes in the place of
 * a ‹name› may be anything.
 */
export const typedWord = (word: string, { lines = false, quoted = false } = {}): string => {
  if (!quoted && PLAIN.test(word) && word !== '' && !/(^|[:=])~|^=/.test(word)) return word
  return (lines ? UNSEEN_IN_LINES : UNSEEN).test(word) ? `$'${escaped(word)}'` : shellWord(word)
}

const escaped = (word: string): string =>
  word.replace(/[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => {
    const code = sign.codePointAt(0)!
    if (sign === '\\' || sign === "'") return `\\${sign}`
    if (code < 0x80) return SHORT[sign] ?? `\\x${code.toString(16).padStart(2, '0')}`
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`
  })
const SHORT: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }

type Word = string | number | readonly string[]

/**
 * What is printed to be typed: each value is one word for a shell, of a list each, so that no name of a folder, a branch or
 * a database is ever taken for a command: typed`git -C ${folder} checkout ${branch}`. Words beside it may be prose.
 */
export const typed = (texts: TemplateStringsArray, ...words: readonly Word[]): string =>
  texts.map((text, i) => (i === 0 ? text : `${inWords(words[i - 1]!)}${text}`)).join('')

const inWords = (word: Word): string =>
  typeof word === 'object' ? word.map((one) => typedWord(one)).join(' ') : typedWord(String(word))

/** A path that no program takes for an option, also where it does not know `--`. */
export const typedPath = (path: string): string => (path.startsWith('-') ? `./${path}` : path)
