import { few, type Look, reads } from '../../runbook/index.ts'
import { listed } from './listed.ts'
import { sha256Of, sha256OfEach, sha256OfText } from './sha256.ts'

/** What stands under the name of a dump. */
export interface DumpOnDisk {
  /** A folder, as pg_dump makes one with a file for each table. */
  isFolder: boolean
  /** Of a folder: its files, in the order of their names. */
  files: { name: string; size: number }[]
  /** Bytes, of all its files. */
  size: number
  /**
   * What no dump has, and no sum covers, such as '3341.dat is a link': pg_restore would read it in place of a file that was
   * summed. Undefined where there is none.
   */
  strange?: string
}

/** Looks at a dump, a file or a folder, without following a link; undefined where there is none. */
export const dumpOnDisk = async (at: Look, dump: string): Promise<DumpOnDisk | undefined> => {
  const found = await listed(at, dump, { links: 'told' })
  if (!found) return undefined
  const { kind, size } = found
  if (kind === '-') return { isFolder: false, files: [], size }
  if (kind !== 'd')
    return { isFolder: false, files: [], size, strange: `the dump itself is ${kindNamed(kind)}` }
  const { files, strange } = await entriesOf(at, dump)
  return {
    isFolder: true,
    files,
    size: files.reduce((sum, file) => sum + file.size, 0),
    ...(strange.length && { strange: few(strange, 3, '; ') }),
  }
}

/** The SHA-256 of a dump, in hex; of a folder, of what `sha256sum *` prints in it. */
export const sha256OfDump = async (
  at: Look,
  dump: string,
  { isFolder, files }: DumpOnDisk,
): Promise<string> => {
  if (!isFolder) return sha256Of(at, dump)
  const names = files.map(({ name }) => name)
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

/** What is in a dump's folder. `-q`: a name stays on its line. */
const entriesOf = async (
  { see }: Look,
  folder: string,
): Promise<{ files: DumpOnDisk['files']; strange: string[] }> => {
  const files: DumpOnDisk['files'] = []
  const strange: string[] = []
  for (const line of (await see(reads('ls', '-nAq', '--', folder))).split('\n').slice(1)) {
    if (line === '') continue
    const [mode = '', , , , size, , , , ...words] = line.split(/\s+/)
    const name = words.join(' ').replace(/ -> .*$/, '')
    if (!mode.startsWith('-')) strange.push(`${name} is ${kindNamed(mode.slice(0, 1))}`)
    else if (!PLAIN.test(name)) strange.push(`${name} is no name that pg_dump gives`)
    else files.push({ name, size: Number(size) })
  }
  return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), strange }
}

/** `toc.dat`, `3341.dat.gz`, `blob_16390.dat`, `blobs_16390.toc`. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

const kindNamed = (kind: string): string =>
  ({ l: 'a link', d: 'a folder', p: 'a pipe', s: 'a socket' })[kind] ?? 'no file'

/**
 * Which files stand there, and when each, and the folder, was last changed in any way, as the system says: not as a program can set it. A
 * text to be compared: what was put in its place and taken away again shows too.
 */
export const traceOf = async ({ see }: Look, path: string): Promise<string> =>
  see(reads('sh', '-c', TRACE, 'sh', path))

/** GNU and BusyBox, or BSD and macOS. */
const TRACE = `LC_ALL=C; export LC_ALL
if stat -c %i / >/dev/null 2>&1; then find "$1" -exec stat -c '%n %d %i %s %z' {} +
else find "$1" -exec stat -f '%N %d %i %z %Fc' {} +; fi | sort`
