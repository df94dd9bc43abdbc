import { lstatSync } from 'node:fs'
import { homedir, hostname, tmpdir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { ownAccount } from './accounts.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** What a shell itself keeps: they are where somebody is and was, although a name such as PGPWD is a password's. */
const OF_SHELL = /^(OLD)?PWD$/
/** What is named so holds the path of a file, which may be on another machine. */
const NAMES_PATH = /_(FILE|PATH|DIR|DIRECTORY|FOLDER|ROOT|HOME|SOCK|SOCKET)$/i

/**
 * Whether a variable holds nothing but where something is, such as `PWD`, `GIT_ASKPASS` or `SSH_AUTH_SOCK`: what is printed
 * to be typed needs it. A secret may begin with a slash, so a path is one that stands on this machine, or whose variable says
 * so. Of a list (`/a:/b`) each must be one.
 */
export const holdsPath = (name: string, value: string): boolean =>
  value !== '' && value.split(':').every((one) => isPath(name, one))

const isPath = (name: string, value: string): boolean => {
  if (!/^(\/|\.\.?\/|~\/)/.test(value)) return false
  if (NAMES_PATH.test(name) || (OF_SHELL.test(name) && value.startsWith('/'))) return true
  try {
    const path = resolve(value.replace(/^~/, homedir()))
    // Anything may be said to stand in the root of all folders.
    return stands(path) || (dirname(path) !== '/' && stands(dirname(path)))
  } catch {
    // The working folder is gone, or no path may look like that.
    return false
  }
}

const stands = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/**
 * Whether a text is what this machine and this session say of themselves all the time, such as the name of the machine, of
 * the account, or of a folder above the one in which somebody works.
 */
export const isSaidHere = (value: string, { HOME, TMPDIR, PWD, OLDPWD }: Variables): boolean =>
  [hostname(), hostname().split('.', 1)[0], ownAccount()].includes(value) ||
  [homedir(), tmpdir(), HOME, TMPDIR, PWD, OLDPWD].some((path) => path?.split('/').includes(value))
