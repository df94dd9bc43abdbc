import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readText } from './files.ts'

/** How deep: `backend/prisma/schema.prisma`. */
const DEEP = 3
/** What is larger holds no settings. Entries of one folder. */
const MANY = 500

/** The names of what stands in a folder, and the texts of those that are asked for. Nothing is run, no link followed. */
export const projectFiles = async (
  folder: string,
  isTold: (name: string) => boolean,
): Promise<{ names: string[]; text(name: string): string | undefined }> => {
  const names = await namesIn(folder, '', DEEP)
  const texts = new Map<string, string>()
  for (const name of [...names, '.git/HEAD'].filter(isTold)) {
    const text = await readText(join(folder, name)).catch(() => undefined)
    if (text !== undefined) texts.set(name, text)
  }
  return { names, text: (name) => texts.get(name) }
}

const namesIn = async (root: string, below: string, deep: number): Promise<string[]> => {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch(() => [])
  const names: string[] = []
  for (const entry of entries.slice(0, MANY).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below ? `${below}/${entry.name}` : entry.name
    if (entry.isFile() || entry.isDirectory()) names.push(path)
    const within = entry.isDirectory() && !/^(\.|node_modules$|dist$)/.test(entry.name)
    if (within && deep > 1) names.push(...(await namesIn(root, path, deep - 1)))
  }
  return names
}
