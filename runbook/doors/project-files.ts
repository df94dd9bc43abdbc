import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readText } from './files.ts'

/** How deep: `backend/prisma/schema.prisma`. */
const DEEP = 3
/** Into how many folders of one it goes: a project has few, and a home has many. */
const MANY = 100

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
  const pathOf = ({ name }: { name: string }) => (below ? `${below}/${name}` : name)
  const folders = entries.filter(
    (entry) => entry.isDirectory() && !/^(\.|node_modules$|dist$)/.test(entry.name),
  )
  const names = entries.filter((entry) => entry.isFile() || entry.isDirectory()).map(pathOf)
  if (deep > 1)
    for (const folder of folders.slice(0, MANY))
      names.push(...(await namesIn(root, pathOf(folder), deep - 1)))
  return names.sort()
}
