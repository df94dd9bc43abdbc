import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Failed } from '../model/failure.ts'

/** A file of an archive: its text, or the file that it is copied from. */
export type Packed = { name: string } & ({ text: string } | { from: string })

/**
 * Writes a `.tar.gz` with its files in one folder, whole or not at all, for its owner only. A file is read in pieces, so
 * that its size does not matter. Gives the size of the archive in bytes.
 */
export const writeArchive = async (
  path: string,
  folder: string,
  files: readonly Packed[],
  at: Date,
): Promise<number> => {
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await pipeline(
      Readable.from(tar(folder, files, at)),
      createGzip(),
      createWriteStream(partial, { mode: 0o600, flags: 'wx' }),
    )
    await rename(partial, path)
    return (await stat(path)).size
  } catch (error) {
    await rm(partial, { force: true })
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
}

const BLOCK = 512

/** The format of POSIX.1-1988 (ustar), which every tar reads. */
async function* tar(folder: string, files: readonly Packed[], at: Date): AsyncGenerator<Buffer> {
  for (const file of files) {
    const text = 'text' in file ? Buffer.from(file.text) : undefined
    const size = text ? text.length : (await stat((file as { from: string }).from)).size
    yield header(folder, file.name, size, at)
    if (text) yield text
    // What is written to it meanwhile is left out: its size stands in the header.
    else if (size > 0)
      for await (const chunk of createReadStream((file as { from: string }).from, { end: size - 1 }))
        yield chunk as Buffer
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
  }
  yield Buffer.alloc(2 * BLOCK)
}

const header = (folder: string, name: string, size: number, at: Date): Buffer => {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(folder) > 155)
    throw new Error(`the name of ${name} is too long for an archive`)
  block.write(name, 0)
  block.write(octal(0o600, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(Math.floor(at.getTime() / 1000), 11), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\0' + '00', 257)
  block.write(folder, 345)
  // Summed with eight blanks in its own place.
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  return block
}
