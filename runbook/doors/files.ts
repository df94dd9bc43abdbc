import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failed } from '../model/failure.ts'

/** The most that one reading takes into memory. Bytes. */
const MOST = 16 * 1024 * 1024

/**
 * The text of a file; a larger one than 16 MB is refused. With `from`: a piece of it, at most 16 MB from that byte on
 * (negative: as many from the end).
 */
export const readText = (path: string, piece?: number): Promise<string> =>
  telling(path, async () => {
    const handle = await open(path)
    try {
      const { size } = await handle.stat()
      if (piece === undefined && size > MOST)
        throw Object.assign(new Error(`it has ${size} bytes, more than the ${MOST} that are read at once`), {
          code: 'EFBIG',
        })
      const from = piece ?? 0
      const start = from < 0 ? Math.max(0, size + from) : Math.min(from, size)
      const buffer = Buffer.alloc(Math.min(size - start, MOST))
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return buffer.toString('utf8', 0, filled)
    } finally {
      await handle.close()
    }
  })

/**
 * Writes a file whole or not at all, keeping the mode it had. `links`: whether what a link at `path` leads to is written (default), or
 * the file takes the link's place.
 */
export const writeText = (
  path: string,
  content: string,
  mode?: number,
  { links = 'followed' }: { links?: 'followed' | 'replaced' } = {},
): Promise<void> =>
  telling(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // What a link points to is written, not the link; it keeps its mode and its owner.
    const target = links === 'replaced' ? path : await realpath(path).catch(() => path)
    const before = await (links === 'replaced' ? lstat(target) : stat(target)).catch(() => undefined)
    const partial = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}.partial`)
    try {
      const handle = await open(partial, 'wx', 0o600)
      try {
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      // In this order: a new owner takes the set-user-id away.
      if (before && links === 'followed' && process.getuid?.() === 0)
        await chown(partial, before.uid, before.gid)
      await chmod(partial, (mode ?? before?.mode ?? 0o600) & 0o7777)
      await rename(partial, target)
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
  })

/** The text of a small file, or undefined where there is none. */
export const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

const telling = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
}
