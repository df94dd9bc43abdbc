import { randomBytes } from 'node:crypto'
import { chmod, constants, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failed } from '../model/failure.ts'
import { readText } from './files.ts'
import { appendRemote, readRemote } from './remote-files.ts'
import type { RemoteHost } from './remote-host.ts'

/** A file to which lines are appended, each whole and on the disk when `append` returns. */
export interface LedgerFile {
  /** As a person names it. */
  readonly printed: string
  /** On its own machine; absolute. */
  readonly path: string
  /** Empty where there is none yet; of one that is very long its end. */
  read(signal: AbortSignal): Promise<LedgerText>
  append(line: string, signal: AbortSignal): Promise<void>
}

export interface LedgerText {
  text: string
  /** Otherwise its first lines were not read. */
  whole: boolean
}

/** Tells two lines apart that are written at the same moment. */
export const newNonce = (): string => randomBytes(8).toString('hex')

/** On this machine. One write at the end of a file is not mixed with another's (O_APPEND). */
export const localLedgerFile = (path: string): LedgerFile => ({
  printed: path,
  path,
  read: () => ending(() => readText(path, -MOST)),
  append: (line) =>
    telling(path, async () => {
      const mode = await makeFolder(dirname(path))
      const file = await open(path, APPEND, mode & PRIVATE)
      try {
        const { size } = await file.stat()
        // The umask of whoever makes it is not the team's.
        if (size === 0) await file.chmod(mode & PRIVATE).catch(() => {})
        const last = Buffer.alloc(1)
        if (size > 0) await file.read(last, 0, 1, size - 1)
        // A line that a full disk has cut must not swallow this one.
        const begin = size > 0 && last[0] !== 10 ? '\n' : ''
        const whole = Buffer.from(`${begin}${line}\n`)
        const { bytesWritten } = await file.write(whole)
        // A disk that becomes full takes a part, and says nothing of it.
        if (bytesWritten < whole.length)
          throw Object.assign(new Error('only a part of the line was written'), { code: 'ENOSPC' })
        await file.sync()
      } finally {
        await file.close()
      }
    }),
})

/** 'a+', but that no link is followed: others may write into the folder. */
const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants
const APPEND = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW

/** For its owner and, as far as the clone is theirs, its group: an observation may hold the text of a file. */
const PRIVATE = 0o660

/** Whoever may write into the folder above, such as a team's clone, may write into this one too; gives its mode. */
const makeFolder = async (folder: string): Promise<number> => {
  const above = await stat(dirname(folder)).catch(() => undefined)
  const mode = (above?.mode ?? 0o700) & 0o7777
  const made = await mkdir(folder, { recursive: true, mode })
  if (made !== undefined) await chmod(folder, mode)
  return mode
}

/** On another host, by its own programs. */
export const remoteLedgerFile = (host: RemoteHost, path: string): LedgerFile => ({
  printed: `${host.host}:${path}`,
  path,
  read: (signal) => ending(() => readRemote(host, path, -MOST, signal)),
  append: (line, signal) => appendRemote(host, path, `${line}\n`, signal),
})

/** So much of its end is read: some thousand runs. Bytes. */
const MOST = 8 * 1024 * 1024

/** Whole lines; none where there is no file yet. */
const ending = async (read: () => Promise<string>): Promise<LedgerText> => {
  try {
    const text = await read()
    const whole = Buffer.byteLength(text) < MOST
    return { text: whole ? text : text.slice(text.indexOf('\n') + 1), whole }
  } catch (error) {
    if (error instanceof Failed && error.failure.kind === 'file-failed' && error.failure.code === 'ENOENT')
      return { text: '', whole: true }
    throw error
  }
}

const telling = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
}
