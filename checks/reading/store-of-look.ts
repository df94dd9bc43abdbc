import { type Look, reads } from '../../runbook/index.ts'

/**
 * The variables under which what git would write into the clone's object store comes into the scratch folder, and what is
 * in either can be read: a look leaves the clone as it was, to the byte.
 */
export const storeOfLook = async (at: Look): Promise<Record<string, string>> => {
  const scratch = await at.scratch()
  const own = await at.see(reads('git', 'rev-parse', '--git-path', 'objects'))
  return {
    GIT_OBJECT_DIRECTORY: scratch,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(own.startsWith('/') ? own : `${at.env.app.dir}/${own}`),
  }
}

/** The list of folders is parted by colons; git takes a folder in double quotes where one stands in its name. */
export const quoted = (folder: string): string =>
  folder.includes(':') ? `"${folder.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : folder
