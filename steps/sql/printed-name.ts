import { sqlName } from '../../runbook/index.ts'

/**
 * A name as a person reads it: as it is, or as SQL quotes it where it could be taken for another, such as one with a dot
 * or a space in it. Capitals are left as they are.
 */
export const printedName = (...path: readonly string[]): string =>
  path.map((name) => (/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) ? name : sqlName(name))).join('.')
