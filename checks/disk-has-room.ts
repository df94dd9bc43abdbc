import { bytes, defineCheck, Failed, fails, holds, type Look, reads } from '../runbook/index.ts'

/** A path, or how to find it. */
type PathAt = string | ((at: Look) => string)
/** A number of bytes, or how to find it. */
type BytesAt = number | ((at: Look) => number | Promise<number>)

export interface DiskHasRoom {
  /** A folder; where it does not exist yet, the nearest that does counts. Relative: below the application's folder. */
  path: PathAt
  bytes: BytesAt
  /** What the room is for: 'a backup'. */
  for?: string
}

/** The file system of a folder has that much free space. */
export const diskHasRoom = ({ path, bytes: needed, for: purpose }: DiskHasRoom) =>
  defineCheck({
    fact: `the disk has room${purpose ? ` for ${purpose}` : ''}${typeof path === 'string' ? ` in ${path}` : ''}`,
    remedy: `make room: df -h, then du -xh -d1 on what fills it`,
    look: async (at) => {
      const wanted = typeof needed === 'number' ? needed : await needed(at)
      const folder = typeof path === 'string' ? path : path(at)
      const free = await freeBytes(at, folder)
      const seen = `${bytes(free)} free, ${bytes(wanted)} needed, in ${folder}`
      return free >= wanted ? holds(seen) : fails(seen)
    },
  })

/** What an ordinary user may still write there. */
const freeBytes = async (at: Look, folder: string): Promise<number> => {
  for (let path = folder; ; path = parentOf(path)) {
    const asked = await at.attempt(reads('df', '-Pk', '--', path))
    if (asked.ok) return availableIn(asked.value)
    if (parentOf(path) === path) throw new Failed(asked.failure)
  }
}

/** Of a relative path at last the folder that it is relative to; the root is its own. */
const parentOf = (path: string): string => {
  if (/^[/.]$/.test(path)) return path
  const above = path.replace(/\/+$/, '').replace(/[^/]*$/, '')
  return above === '' ? '.' : above === '/' ? '/' : above.slice(0, -1)
}

/** `Filesystem 1024-blocks Used Available Capacity Mounted on`; the first and the last may hold spaces. */
const availableIn = (df: string): number => {
  const columns = /\s\d+\s+-?\d+\s+(-?\d+)\s+(\d+%|-)\s/.exec(df.split('\n').slice(1).join('\n'))
  return Math.max(0, Number(columns?.[1] ?? 0)) * 1024
}
