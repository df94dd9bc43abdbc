import { type Look, reads, typedPath, WHOLE_DATABASE } from '../../runbook/index.ts'

/** GNU, BSD and macOS, and where only OpenSSL is; each prints the 64 digits first. */
const programs: readonly [string, ...string[]][] = [
  ['sha256sum'],
  ['shasum', '-a', '256'],
  ['openssl', 'dgst', '-sha256', '-r'],
]

/** The SHA-256 of a file on the host, in hex. */
export const sha256Of = async (at: Look, path: string): Promise<string> =>
  (await sums(at, { files: [path] }))[0] ?? ''

/** Of several in a folder, in their order. */
export const sha256OfEach = (at: Look, folder: string, files: readonly string[]): Promise<string[]> =>
  sums(at, { files, cwd: folder })

export const sha256OfText = async (at: Look, text: string): Promise<string> =>
  (await sums(at, { files: [], input: text }))[0] ?? ''

interface Summed {
  files: readonly string[]
  cwd?: string
  input?: string
}

const sums = async (at: Look, summed: Summed): Promise<string[]> => {
  for (const argv of programs.slice(0, -1)) {
    const asked = await at.attempt(hashes(argv, summed))
    if (asked.ok) return digestsIn(asked.value)
  }
  return digestsIn(await at.see(hashes(programs.at(-1)!, summed)))
}

const hashes = (argv: readonly [string, ...string[]], { files, ...rest }: Summed) => ({
  // OpenSSL and BSD do not know `--`.
  ...reads(...(argv as [string]), ...files.map(typedPath)),
  ...rest,
  timeout: WHOLE_DATABASE,
})

/** GNU puts a backslash before a digest where the file's name needs escaping. */
const digestsIn = (printed: string): string[] =>
  printed.match(/^\\?[0-9a-f]{64}/gm)?.map((sum) => sum.slice(-64)) ?? []
