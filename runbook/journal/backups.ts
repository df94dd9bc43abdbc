import { createHash } from 'node:crypto'
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type BackupManifest, manifestOf, parseManifest } from '../model/backup-manifest.ts'

/** A dump that was kept, with what is known of it without reading it. */
export interface Backup {
  /** `production-20261122T021500Z.dump`. */
  name: string
  path: string
  /** Where the book keeps it on another host: that; otherwise it is the operator's. */
  host?: string
  environment: string
  /** Of its run: `20261122T021500Z`. */
  stamp: string
  /** Bytes; of a folder, of all its files. */
  size: number
  /** Undefined where there is none, or where it is damaged. */
  manifest: BackupManifest | undefined
  /** Reads it in full: whether it is still the one that was proven, to the bit; and what is wrong with it otherwise. */
  prove(): Promise<Proof>
}
export interface Proof {
  stands: boolean
  seen: string
}

/** What the name of a dump tells; undefined where it is none. */
export const namedDump = (name: string): Pick<Backup, 'name' | 'environment' | 'stamp'> | undefined => {
  const [, environment, stamp] = /^(.+)-(\d{8}T\d{6}Z)\.dump$/.exec(name) ?? []
  return environment && stamp ? { name, environment, stamp } : undefined
}

/** The dumps in a folder, oldest first; of one environment where one is named. */
export const listBackups = (folder: string, env?: string): Backup[] => {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => {
      const named = namedDump(name)
      if (!named || (env !== undefined && named.environment !== env)) return []
      const path = join(folder, name)
      const [size, manifest] = [sizeOf(path), manifestBeside(path)]
      return [
        {
          ...named,
          path,
          size,
          manifest,
          prove: () => proofOf({ size, manifest, strange: strangeIn(path) }, () => sumOf(path)),
        },
      ]
    })
    .sort(byTime)
}

export const byTime = (a: Backup, b: Backup): number => (a.stamp < b.stamp ? -1 : 1)

const manifestBeside = (dump: string): BackupManifest | undefined =>
  existsSync(manifestOf(dump)) ? parseManifest(readFileSync(manifestOf(dump), 'utf8')) : undefined

/** The SHA-256 of the manifest beside a dump, in hex; undefined where there is none. */
export const manifestSum = (dump: string): string | undefined =>
  existsSync(manifestOf(dump))
    ? createHash('sha256')
        .update(readFileSync(manifestOf(dump)))
        .digest('hex')
    : undefined

/** What a dump says for itself. `sum`: reads it in full. `strange`: what is in it that no dump has, and no sum covers. */
export const proofOf = async (
  { size, manifest, strange }: Pick<Backup, 'size' | 'manifest'> & { strange?: string | undefined },
  sum: () => Promise<string>,
): Promise<Proof> => {
  if (!manifest) return { stands: false, seen: 'no manifest, or a damaged one' }
  if (strange) return { stands: false, seen: `there is something in it that no dump has: ${strange}` }
  if (size !== manifest.size) return { stands: false, seen: `${size} bytes instead of ${manifest.size}` }
  return (await sum()) === manifest.sha256
    ? { stands: true, seen: `sha256 ${manifest.sha256.slice(0, 8)}…` }
    : { stands: false, seen: 'it was altered: another sha256 than in its manifest' }
}

const sizeOf = (path: string): number =>
  filesIn(path)?.reduce((sum, file) => sum + lstatSync(join(path, file)).size, 0) ?? lstatSync(path).size

/** No link is followed: pg_restore would read what it leads to in place of a file that was summed. */
const strangeIn = (path: string): string | undefined => {
  const files = filesIn(path)
  if (!files) return lstatSync(path).isFile() ? undefined : 'the dump itself, which is no file'
  return files.find((file) => !lstatSync(join(path, file)).isFile())
}

/** Of a folder, of what `sha256sum *` prints in it. */
const sumOf = async (path: string): Promise<string> => {
  const files = filesIn(path)
  if (!files) return sumOfFile(path)
  const sum = createHash('sha256')
  for (const file of files) sum.update(`${await sumOfFile(join(path, file))}  ${file}\n`)
  return sum.digest('hex')
}

const sumOfFile = async (path: string): Promise<string> => {
  const sum = createHash('sha256')
  await pipeline(createReadStream(path), sum)
  return sum.digest('hex')
}

/** Undefined where it is no folder. */
const filesIn = (path: string): string[] | undefined =>
  lstatSync(path).isDirectory() ? readdirSync(path).sort() : undefined
