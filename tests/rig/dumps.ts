import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a dump: itself, or those in it where pg_dump compresses by itself (16 and later). */
export const filesOfDump = (dump: string): string[] =>
  statSync(dump).isDirectory()
    ? readdirSync(dump)
        .sort()
        .map((name) => join(dump, name))
    : [dump]

/** The largest of them: where a byte is missing there, rows are. */
export const largestFileOf = (dump: string): string =>
  filesOfDump(dump).reduce((largest, file) => (statSync(file).size > statSync(largest).size ? file : largest))

export const sizeOfDump = (dump: string): number =>
  filesOfDump(dump).reduce((sum, file) => sum + statSync(file).size, 0)

/** As a person comes to it, with `sha256sum` alone. */
export const sumOfDump = (dump: string): string => {
  if (!statSync(dump).isDirectory()) return sumIn(execFileSync('sha256sum', [dump]))
  const lines = execFileSync('sha256sum', readdirSync(dump).sort(), { cwd: dump })
  return sumIn(execFileSync('sha256sum', { input: lines }))
}
const sumIn = (printed: Buffer): string => printed.toString().replace(/^\\/, '').slice(0, 64)

/** How every archive of pg_dump's begins, whatever it is kept in: 'PGDMP'. */
export const beginningOf = (dump: string): string => {
  if (statSync(dump).isDirectory()) return readFileSync(join(dump, 'toc.dat')).subarray(0, 5).toString()
  const kept = readFileSync(dump)
  const isZstd = kept.readUInt32LE(0) === 0xfd2fb528
  return (isZstd ? execFileSync('zstd', ['-dc', dump]) : kept).subarray(0, 5).toString()
}
