import { lstatSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failed } from '../model/failure.ts'

/** Which of the paths something stands at already, a broken link too. */
export const takenOf = (paths: readonly string[]): string[] =>
  paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined)

/** Writes files that are not there yet, all of them or none; never over another. Gives what takes them away again. */
export const writeNew = async (files: ReadonlyMap<string, string>): Promise<() => Promise<void>> => {
  const made: string[] = []
  // The folders among them were made here, and hold nothing else.
  const takeAway = async () => {
    for (const one of made) await rm(one, { recursive: true, force: true })
  }
  for (const [path, content] of files) {
    try {
      const folder = await mkdir(dirname(path), { recursive: true })
      if (folder) made.unshift(folder)
      const handle = await open(path, 'wx')
      made.unshift(path)
      try {
        await handle.writeFile(content)
      } finally {
        await handle.close()
      }
    } catch (error) {
      await takeAway()
      const { code = '', message } = error as NodeJS.ErrnoException
      throw new Failed({ kind: 'file-failed', path, code, message })
    }
  }
  return takeAway
}
