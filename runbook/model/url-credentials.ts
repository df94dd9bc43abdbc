import { isSecretInAddress, isSecretWritten, looksRandom } from './secret-name.ts'

/**
 * Whether an address has in it what signs in: 'https://ada:secret@…', 'https://token@…'. The user of ssh is none, unless a password
 * stands beside it.
 */
export const hasCredentials = (url: string): boolean => {
  const [, scheme, user] = /^\s*([a-z][a-z0-9+.-]*):\/\/([^/?#]*)@/i.exec(url) ?? []
  return user !== undefined && (/^(https?|ftps?)$/i.test(scheme!) || user.includes(':'))
}

/** A text without them, as it may be printed. */
export const withoutCredentials = (text: string): string =>
  text.replace(/(\b(?:https?|ftps?):\/\/)[^/?#\s]*@/gi, '$1‹credentials›@')

/**
 * Whether an address as a book has it holds a secret: who signs in, also as `http:ada:secret@…`, `//ada:secret@…` and
 * `ada:secret@host:path`; a value beside a secret's name behind `?`, `#` and `;`; a path that is a token, as Telegram, Slack and
 * Discord have them. `?page=2` and `?key=name` are none.
 */
export const holdsSecret = (address: string): boolean => {
  if (hasCredentials(address)) return true
  if (/^\s*(https?|ftps?):[^/?#]*@|^\s*[\\/]{2}[^/?#]*@|^[^/?#@\s]+:[^/?#@]+@/i.test(address)) return true
  if (TOKENS.test(address)) return true
  return address
    .split(/[?#&;]/)
    .slice(1)
    .some((pair) => {
      const [name = '', ...more] = pair.split('=')
      const value = decoded(more.join('='))
      if (more.length === 0) return /[a-z]/.test(name) && /[A-Z]/.test(name) && looksRandom(decoded(name))
      return isSecretWritten(decoded(name), value)
    })
}
const TOKENS =
  /\/bot\d+:[\w-]{6,}|\/services\/T\w+\/B\w+\/\w{6,}|\/webhooks\/\d+\/[\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}|\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk_live_)[\w-]{8,}/

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Whether a header as a book has it holds a secret: what follows `Basic` or `Bearer`, or a cookie's value. */
export const headerHoldsSecret = (name: string, value: string): boolean => {
  if (/^(set-)?cookie$/i.test(name))
    return value.split(/;\s*/).some((pair) => {
      const [of = '', ...more] = pair.split('=')
      return isSecretWritten(isSecretInAddress(of) ? of : 'cookie', more.join('='))
    })
  return isSecretWritten(name, value.replace(/^(basic|bearer|token|apikey|digest)\s+/i, ''))
}
