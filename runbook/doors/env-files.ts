import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

/** What such a file of variables says. */
export type FileVariables = Readonly<Record<string, string | undefined>>

/** As Node reads it; a mark of the order of bytes at its beginning is none of the first name. */
export const variablesIn = (text: string): FileVariables =>
  parseEnv(text.replace(/^\uFEFF/, '')) as FileVariables

/** They are copied from, and say nothing of any environment. */
const TEMPLATES = /\.(example|sample|template|dist|defaults?|schema|vault|keys)$/

/**
 * The files `.env.*` in a folder but for that of one environment, each with what it says; without templates such as
 * `.env.example`. One that cannot be read is passed over.
 */
export const otherEnvFiles = (folder: string, environment: string): ReadonlyMap<string, FileVariables> => {
  const found = new Map<string, FileVariables>()
  for (const name of readdirSync(folder).sort())
    if (name.startsWith('.env.') && name !== `.env.${environment}` && !TEMPLATES.test(name))
      try {
        found.set(name, variablesIn(readFileSync(join(folder, name), 'utf8')))
      } catch {
        // A folder, or somebody else's.
      }
  return found
}
