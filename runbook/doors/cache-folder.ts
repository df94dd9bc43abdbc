import { lstatSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { strangerAbove } from './whose.ts'

/**
 * The operator's own folder for what can be made again at any time, as the XDG Base Directory Specification has it;
 * undefined where there can be none, or where others could write into it.
 */
export const cacheFolder = (variables: Readonly<Record<string, string | undefined>>): string | undefined => {
  try {
    const folder = join(variables.XDG_CACHE_HOME || join(homedir(), '.cache'), 'runbook')
    // What is in it is run. Where somebody else could put another one there, it is done without.
    if (strangerAbove(folder)) return undefined
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder)
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? folder : undefined
  } catch {
    return undefined
  }
}
