import { type ByteString, byteString, textOf } from '../model/byte-string.ts'

/** Who is named in an address, and by which password; both may be a token that no book knows of; but not what stands for a secret, which begins with e2. */
const IDENTITY = /:\/\/([^\s/?#:@'"`<>{}$\xe2]*)(?::([^\s/@'"`<>\xe2]+))?@/g
/** What stands in instructions for the real one. */
const EXAMPLE = /^(pass(word|wd)?|pw|secret|token|x+|\*+|\.+|\$.*|%.*%|\{.*)$/i
/** Longer names are no user's: they are the key itself. Characters. */
const LONG = 20
/** An address that goes on in the next piece of an output waits for it. Characters. */
const MOST = 300

/** Passwords in addresses, whoever has them from where: a clone's remote, a registry, a proxy. */
export const urlPasswords = {
  overText: (text: string): string =>
    text.includes('://') ? textOf(urlPasswords.over(byteString(Buffer.from(text))) as ByteString) : text,

  /** The same in bytes. */
  over: (text: string): string =>
    text.includes('://')
      ? text.replace(IDENTITY, (all, user: string, password?: string) => {
          if (password !== undefined) return EXAMPLE.test(password) ? all : `://${user}:***@`
          return user.length >= LONG ? '://***@' : all
        })
      : text,

  /** From where on the end of these bytes, up to `until`, could be such an address. */
  openFrom: (text: string, until: number): number => {
    const tail = text.slice(Math.max(0, until - MOST), until)
    const open =
      tail.includes('://') || tail.endsWith(':') || tail.endsWith('/') ? UNFINISHED.exec(tail) : null
    return open ? until - open[0].length : until
  },
}
const UNFINISHED = /:(\/(\/[^\s/?#@'"`<>]*@?)?)?$/
