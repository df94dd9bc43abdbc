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
