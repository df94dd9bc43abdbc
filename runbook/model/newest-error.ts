import { beginningOf } from './hidden.ts'

/** What the first line of an error looks like: 'TypeError: …', 'npm error …', 'FATAL: …'. */
const ERROR =
  /(?:\b\w*(?:error|exception)\b(?!s? ?[:=]? ?0\b)|\b(?:fatal|panic|uncaught|unhandled|cannot|denied|EADDRINUSE|ECONNREFUSED|ENOENT)\b)/i
/** Where in a stack an error went, and what Node adds to it: its fields, the line that threw it, the version. */
const WITHIN =
  /^\s+(?:at |\^)|^\s*\^|^Node\.js v\d|^\s*\}|^\s+(?!error)[a-z]\w*: |^\s*(?:throw|return|if|const|let) /

/** The newest line in an output that says what went wrong; undefined where none looks like it. */
export const newestError = (text: string): string | undefined => {
  const line = text
    .split('\n')
    .findLast((line) => ERROR.test(line) && !WITHIN.test(line))
    ?.trim()
  return line && beginningOf(line, LONGEST)
}
const LONGEST = 200
