import { type Dirent, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** How far a folder is searched, and how many entries are looked at in all. */
const DEPTH = 4
const MOST = 20_000

/**
 * The sockets in the file system on which something listens: a database, but also a daemon that would do what it is told
 * by a program, such as Docker's. The kernel names those of this machine; one that a container shares has another network,
 * and is looked for where such files are.
 */
export const listeningSockets = async (...folders: string[]): Promise<string[]> => {
  const found = new Set(namedByKernel())
  const left = { entries: MOST }
  // The home last: it may hold more than is looked at.
  for (const folder of ['/run', '/var/run', '/tmp', '/var/tmp', tmpdir(), ...folders, homedir()])
    for (const path of await socketsBelow(folder, DEPTH, left)) found.add(path)
  return [...found]
}

/** proc(5): `Num RefCount Protocol Flags Type St Inode Path`; the flag is that of one that accepts connections. */
const namedByKernel = (): string[] => {
  try {
    return readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, , , flags = '', , , , path = ''] = line.trim().split(/ +/)
        return Number.parseInt(flags, 16) & 0x10000 && isAbsolute(path) ? [path] : []
      })
  } catch {
    return []
  }
}

const socketsBelow = async (folder: string, depth: number, left: { entries: number }): Promise<string[]> => {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const found: string[] = []
  for (const entry of entries) {
    left.entries -= 1
    if (left.entries < 0) return found
    const path = join(folder, entry.name)
    if (entry.isSocket()) found.push(path)
    else if (entry.isDirectory() && depth > 1 && entry.name !== 'node_modules' && entry.name !== '.git')
      found.push(...(await socketsBelow(path, depth - 1, left)))
  }
  return found
}
