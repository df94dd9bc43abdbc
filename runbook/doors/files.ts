import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Failed } from '../model/failure.ts'

/** The most that one reading takes into memory. Bytes. */
const MOST = 16 * 1024 * 1024

/** The text of a file from byte `from` on (negative: as many from the end), up to 16 MB. */
export const readText = (path: string, from = 0): Promise<string> =>
  telling(path, async () => {
    const handle = await open(path)
    try {
      const { size } = await handle.stat()
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

/** Writes a file whole or not at all, keeping the mode it had. */
export const writeText = (path: string, content: string, mode?: number): Promise<void> =>
  telling(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const kept = mode ?? (await stat(path).catch(() => undefined))?.mode
    const partial = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`)
    try {
      const handle = await open(partial, 'wx', 0o600)
      try {
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await chmod(partial, (kept ?? 0o600) & 0o7777)
      await rename(partial, path)
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

/** An empty folder outside of everything that a run looks at. */
export const makeScratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'runbook-look-'))
export const removeScratch = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

const telling = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
}
