import { type Look, reads } from '../../runbook/index.ts'
import { WHOLE_DATABASE } from './whole-database.ts'

/** GNU, BSD and macOS, and where only OpenSSL is; each prints the 64 digits first. */
const programs: readonly [string, ...string[]][] = [
  ['sha256sum'],
  ['shasum', '-a', '256'],
  ['openssl', 'dgst', '-sha256', '-r'],
]

/** The SHA-256 of a file on the host, in hex. */
export const sha256Of = async (at: Look, path: string): Promise<string> => {
  for (const [program, ...args] of programs.slice(0, -1)) {
    const asked = await at.attempt(hashes(program, ...args, path))
    if (asked.ok) return digestIn(asked.value)
  }
  const [program, ...args] = programs.at(-1)!
  return digestIn(await at.see(hashes(program, ...args, path)))
}

const hashes = (...argv: [string, ...string[]]) => ({ ...reads(...argv), timeout: WHOLE_DATABASE })

/** GNU puts a backslash before a digest where the file's name needs escaping. */
const digestIn = (printed: string): string => /[0-9a-f]{64}/.exec(printed)?.[0] ?? ''
