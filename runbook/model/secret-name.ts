/** Whether a variable, a setting or a field of this name holds a secret. */
export const isSecretName = (name: string): boolean =>
  /PASS|PWD|TOKEN|SECRET|KEY|CREDENTIAL|AUTH(?!OR|_U|ENTICATION_)|SIGNATURE|^SIG$|WEBHOOK|COOKIE|SESS(?:ION)?_?ID|PRIVATE|DSN/i.test(
    name,
  ) && !/(_URI|_URL|(?<!SESS|SESSION)_ID|_NAME|_TYPE|_METHOD)$/i.test(name)

/** The same of what an address asks with, where OAuth and single sign-on lead on with a key too. */
export const isSecretInAddress = (name: string): boolean =>
  isSecretName(name) ||
  /(^|[_-])(code|state|session|sid|sig|ticket|pw|otp)$|^SAML|^(proxy-)?authorization$/i.test(name)

/**
 * Whether what stands beside such a name in a book is a secret, and not a word. `?token=…` is, whatever it is; `?key=name`,
 * `?state=open` and `?max_tokens=500` are not: their value tells.
 */
export const isSecretWritten = (name: string, value: string): boolean => {
  if (!isSecretInAddress(name) || value.length < SHORTEST || HOLE.test(value)) return false
  return (NOTHING_ELSE.test(name) && !PAGES.test(name) && !/^\d{1,9}$/.test(value)) || looksRandom(value)
}
const SHORTEST = 6
/** In its place stands what an answer gave, `{token}`, or what a variable has. */
const HOLE = /[{<‹$]/
/** Names of what is nothing but a secret. */
const NOTHING_ELSE =
  /(password|passwd|passphrase|pwd|tokens?|secret|credentials?|signature|(api|access|auth|secret|private|signing)[_-]?key(id)?|authorization|sess(ion)?_?id)$/i
const PAGES = /(page|next|continuation|sync)[_-]?tokens?$/i

/** Letters and digits that make no words, such as 'page2' or '2024-10' are; of letters alone a long text in both sizes. */
export const looksRandom = (text: string): boolean =>
  (text.length >= 8 &&
    /[a-z]/i.test(text) &&
    /\d/.test(text) &&
    !text
      .split(/[\s._,:/|-]/)
      .every((part) => /^([A-Z]?[a-z]*|[A-Z]+)\d*$|^\d+[a-z]*$|^\d+T\d+Z?$/.test(part))) ||
  (/^[A-Za-z+/=]{24,}$/.test(text) && /[a-z][A-Z]+[a-z]/.test(text))
