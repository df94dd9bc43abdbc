import { join } from 'node:path'
import { type Backup, byTime, listBackups, namedDump, proofOf } from '../journal/backups.ts'
import { reads, readsFile } from '../model/action.ts'
import { manifestOf, parseManifest } from '../model/backup-manifest.ts'
import { WHOLE_DATABASE } from '../model/limits.ts'
import type { Look } from '../model/look.ts'
import type { Step } from '../model/step.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** The dumps of an environment, oldest first: the operator's, and those that the book keeps on its host. */
export const backupsOf = async (context: RunContext): Promise<Backup[]> =>
  [...listBackups(context.paths.copies, context.env.name), ...(await backupsOnHost(context))].sort(byTime)

/** None where the book keeps them with the operator. */
export const backupsOnHost = async (context: RunContext): Promise<Backup[]> => {
  const { env, paths } = context
  if (!env.database?.backupsOnHost) return []
  const look = lookOf(context, WITH_BACKUPS)
  const listed = await look.see(reads('sh', '-c', LIST, 'sh', paths.backups, env.name))
  const found = listed.split('\n').flatMap((line) => {
    const [name = '', size] = line.split('\t')
    const named = namedDump(name)
    return named?.environment === env.name ? [{ ...named, size: Number(size) }] : []
  })
  return Promise.all(
    found.map(async (one) => {
      const path = join(paths.backups, one.name)
      const text = await look.attempt(readsFile(manifestOf(path)))
      const manifest = text.ok ? parseManifest(text.value) : undefined
      const known = { ...one, path, host: env.host, manifest }
      return {
        ...known,
        prove: async () =>
          proofOf({ ...known, strange: await strangeIn(look, path) }, () => sumOf(look, path)),
      }
    }),
  )
}

/** What looks where the backups are. */
const WITH_BACKUPS = { id: '', at: 'backups' } as Step

/** Name and bytes; of a folder, of all its files. */
const LIST = `cd "$1" 2>/dev/null || exit 0
for dump in "$2"-*.dump; do
  [ -e "$dump" ] || continue
  size=$(find "$dump" -type f -exec stat -c %s {} + | awk '{ all += $1 } END { printf "%.0f", all }')
  printf '%s\\t%s\\n' "$dump" "$size"
done`

/** Of a folder, of what \`sha256sum *\` prints in it, in the order of bytes whatever the locale. */
const SUM = `LC_ALL=C; export LC_ALL
if [ -d "$1" ]; then cd "$1" && printf '%s\\0' * | xargs -0 sha256sum | sha256sum; else sha256sum < "$1"; fi`

/** What is no file, or what \`*\` passes over: no link is followed. */
const STRANGE = `if [ -d "$1" ] && [ ! -L "$1" ]; then cd "$1" && find . ! -name . \\( ! -type f -o -name '.*' \\) | sed 1q
elif [ -L "$1" ] || [ ! -f "$1" ]; then echo 'the dump itself, which is no file'; fi`

const strangeIn = async ({ see }: Look, path: string): Promise<string | undefined> =>
  (await see(reads('sh', '-c', STRANGE, 'sh', path))).trim().replace(/^\.\//, '') || undefined

const sumOf = async ({ see }: Look, path: string): Promise<string> =>
  (await see({ ...reads('sh', '-c', SUM, 'sh', path), timeout: WHOLE_DATABASE })).slice(0, 64)
