import { randomBytes } from 'node:crypto'
import { Failed } from '../model/failure.ts'
import type { RemoteHost } from './remote-host.ts'

/** The most that one reading takes into memory. Bytes. */
const MOST = 16 * 1024 * 1024

/** Exit statuses by which the scripts below say what is wrong. */
const codes: Record<number, string> = { 41: 'ENOENT', 42: 'EISDIR', 43: 'EACCES', 44: 'EFBIG', 45: '' }

const READ = `
[ -e "$1" ] || exit 41
[ -d "$1" ] && exit 42
[ -r "$1" ] || exit 43
size=$(wc -c < "$1") || exit 43
size=$((size))
if [ -z "$3" ]; then
  [ $size -gt $2 ] && exit 44
  exec cat "$1"
fi
from=$3
[ $from -lt 0 ] && from=$((size+from))
[ $from -lt 0 ] && from=0
tail -c +$((from+1)) "$1" | head -c $2`

/** As doors/files.ts does it: whole or not at all, what a link points to, with the mode and the owner that it had. */
const WRITE = `
umask 077
case $1 in */*) mkdir -p "\${1%/*}/" || exit 45;; esac
target=$(readlink -f "$1") || target=$1
[ -d "$target" ] && exit 42
partial=\${target%/*}/.\${target##*/}.$3.partial
trap 'rm -f "$partial"' EXIT
cat > "$partial" || exit 45
sync "$partial" 2>/dev/null
mode=$2
if [ -e "$target" ]; then
  [ -n "$mode" ] || mode=$(stat -c %a "$target")
  [ "$(id -u)" -ne 0 ] || chown "$(stat -c %u:%g "$target")" "$partial" || exit 45
fi
chmod "\${mode:-600}" "$partial" && mv -f "$partial" "$target" || exit 45`

/** One write at the end of the file, and through no link: others may write into the folder. Whoever may write into the folder above may write into a new one too. */
const APPEND = `
folder=\${1%/*}
if [ ! -d "$folder" ]; then
  mkdir -p "$folder" || exit 45
  chmod "$(stat -c %a "$folder/..")" "$folder"
fi
[ ! -h "$1" ] || { echo "it is a link, and none is followed" >&2; exit 45; }
draft=$1.$$
trap 'rm -f "$draft"' EXIT
rm -f "$draft"
set -C
: > "$draft" || exit 45
set +C
[ -z "$(tail -c 1 "$1" 2>/dev/null)" ] || echo >> "$draft"
cat >> "$draft" || exit 45
[ -e "$1" ] || { : >> "$1" && chmod "$(stat -c %a "$folder")" "$1" && chmod a-x,a-s,o-rw "$1"; }
cat "$draft" >> "$1" || exit 45
sync "$1" 2>/dev/null || sync`

/** Appends a line to a file, on the disk when this returns. */
export const appendRemote = async (
  host: RemoteHost,
  path: string,
  line: string,
  signal: AbortSignal,
): Promise<void> => {
  await run(host, path, [APPEND, 'sh', path], signal, line)
}

/** A file over there; see `readText` of doors/files.ts. */
export const readRemote = (
  host: RemoteHost,
  path: string,
  piece: number | undefined,
  signal: AbortSignal,
): Promise<string> =>
  run(host, path, [READ, 'sh', path, String(MOST), piece === undefined ? '' : String(piece)], signal)

/** Writes one; see `writeText` of doors/files.ts. */
export const writeRemote = async (
  host: RemoteHost,
  path: string,
  content: string,
  mode: number | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const octal = mode === undefined ? '' : mode.toString(8)
  await run(host, path, [WRITE, 'sh', path, octal, randomBytes(4).toString('hex')], signal, content)
}

/** An empty folder over there, outside of everything that a run looks at. What killed runs left a week ago goes first. */
export const makeRemoteScratch = async (host: RemoteHost, signal: AbortSignal): Promise<string> => {
  const made = `T=\${TMPDIR:-/tmp}
find "$T" -maxdepth 1 -name 'runbook-look-??????' -user "$(id -u)" -mtime +7 -exec rm -rf {} + 2>/dev/null
exec mktemp -d "$T/runbook-look-XXXXXX"`
  return (await run(host, 'a temporary folder', [made], signal)).trimEnd()
}
export const removeRemoteScratch = async (host: RemoteHost, path: string): Promise<void> => {
  await run(host, path, ['rm -rf "$1"', 'sh', path], AbortSignal.timeout(10_000))
}

const run = async (
  host: RemoteHost,
  path: string,
  script: string[],
  signal: AbortSignal,
  input?: string,
): Promise<string> => {
  const printed = { out: [] as Buffer[], err: [] as Buffer[] }
  const { exit } = await host.look(
    {
      argv: ['sh', '-c', ...script],
      cwd: '/',
      env: { LC_ALL: 'C' },
      printed: path,
      ...(input !== undefined && { input }),
    },
    (stream, chunk) => printed[stream].push(chunk),
    signal,
  )
  if (exit === 0) return Buffer.concat(printed.out).toString('utf8')
  const said = Buffer.concat(printed.err).toString().trim().split('\n').at(-1) ?? ''
  const code = codes[exit as number] || codeIn(said)
  throw new Failed({
    kind: 'file-failed',
    path: `${host.host}:${path}`,
    code,
    message: said || `exit ${exit}`,
  })
}

const codeIn = (said: string): string => {
  if (/No space left/.test(said)) return 'ENOSPC'
  return /denied|not permitted|Read-only/.test(said) ? 'EACCES' : ''
}
