import {
  byName,
  migrationsInTree,
  noFolder,
  type ReadMigrations,
} from '../../checks/reading/prisma-migrations.ts'
import { reads, unmet } from '../../runbook/index.ts'
import { incomingObjects } from '../code/incoming-objects.ts'

/** The migrations as they will be when the step's turn has come: in a plan the code has not been pulled yet. */
export const incomingMigrations: ReadMigrations = async (at, folder) => {
  const { revision } = at
  if (!revision || (await at.see(reads('git', 'rev-parse', 'HEAD'))) === revision.to)
    return migrationsInTree(at, folder)
  const env = await incomingObjects(at, revision.to)
  const listed = await at.see({
    ...reads('git', 'ls-tree', '-r', '-z', '--name-only', revision.to, `${folder}/`),
    env,
  })
  const paths = listed.split('\0').filter((path) => /\/[^/]+\/migration\.sql$/.test(path))
  if (paths.length === 0) throw noFolder(at, folder)
  const wanted = paths.map((path) => `${revision.to}:./${path}\n`).join('')
  // One program for all of them: there may be hundreds.
  const printed = await at.see({ ...reads('git', 'cat-file', '--batch'), env, input: wanted })
  const texts = blobsIn(new TextEncoder().encode(printed))
  if (texts.length !== paths.length)
    throw unmet(
      'the migrations are UTF-8',
      `${folder} has one that is not`,
      'convert it: iconv --to-code UTF-8',
    )
  return paths.map((path, i) => ({ name: path.split('/').at(-2)!, sql: texts[i]! })).sort(byName)
}

/** `<id> blob <bytes>`, a line end, the bytes, a line end. */
const blobsIn = (bytes: Uint8Array): string[] => {
  const texts: string[] = []
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    const [, size] = /^[0-9a-f]+ blob (\d+)$/.exec(decoder.decode(bytes.subarray(at, end))) ?? []
    if (end < 0 || size === undefined) return texts
    texts.push(decoder.decode(bytes.subarray(end + 1, end + 1 + Number(size))))
    at = end + 2 + Number(size)
  }
  return texts
}
