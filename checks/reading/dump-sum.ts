import { type Look, reads } from '../../runbook/index.ts'
import { listed } from './listed.ts'
import { sha256Of, sha256OfEach, sha256OfText } from './sha256.ts'

/** What a dump weighs, a file or a folder; undefined where there is none. Bytes. */
export const sizeOfDump = async (at: Look, dump: string): Promise<number | undefined> => {
  const found = await listed(at, dump)
  if (found?.kind !== 'd') return found?.size
  return (await filesIn(at, dump)).reduce((sum, { size }) => sum + size, 0)
}

/** The SHA-256 of a dump, in hex; of a folder, of what `sha256sum *` prints in it. */
export const sha256OfDump = async (at: Look, dump: string): Promise<string> => {
  if ((await listed(at, dump))?.kind !== 'd') return sha256Of(at, dump)
  const names = (await filesIn(at, dump)).map(({ name }) => name).sort()
  const length = Math.min(MOST_WORDS, Math.ceil(names.length / PROGRAMS))
  const parts = Array.from({ length: Math.ceil(names.length / length) }, (_, i) =>
    names.slice(i * length, (i + 1) * length),
  )
  const sums: string[] = []
  for (let i = 0; i < parts.length; i += PROGRAMS) {
    const some = parts.slice(i, i + PROGRAMS).map((part) => sha256OfEach(at, dump, part))
    sums.push(...(await Promise.all(some)).flat())
  }
  return sha256OfText(at, names.map((name, i) => `${sums[i]}  ${name}\n`).join(''))
}

/** There is a limit to what can be said to a program. */
const MOST_WORDS = 1000
/** At once, each on a core where there are so many. */
const PROGRAMS = 4

/** A dump's files have plain names. */
const filesIn = async ({ see }: Look, folder: string): Promise<{ name: string; size: number }[]> =>
  (await see(reads('ls', '-nA', '--', folder))).split('\n').flatMap((line) => {
    const [mode = '', , , , size, , , , name] = line.split(/\s+/)
    return mode.startsWith('-') && name ? [{ name, size: Number(size) }] : []
  })
