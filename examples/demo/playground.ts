import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from '../world/raise.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const commandLine = join(root, 'dist/cli.js')

/** Puts a `runbook` and the operator's variables into the world, so that one can go on playing in it. */
export const writePlayground = async ({ dir, env }: World): Promise<void> => {
  const launcher = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(commandLine)} "$@"\n`
  await mkdir(join(dir, 'bin'), { recursive: true })
  await writeFile(join(dir, 'bin/runbook'), launcher, { mode: 0o755 })
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  await writeFile(join(dir, 'env.sh'), variables.join(''), { mode: 0o600 })
}

/** The latest transcript of a world. */
export const latestTranscript = async (dir: string): Promise<string | undefined> => {
  const runs = join(dir, '.runbook/runs')
  const latest = existsSync(runs) ? (await readdir(runs)).sort().at(-1) : undefined
  return latest && join(runs, latest, 'journal.jsonl')
}

/** Removes a world that is down, but for what its runs have left: transcripts and backups. */
export const keepTranscripts = async (dir: string): Promise<void> => {
  for (const name of await readdir(dir))
    if (name !== '.runbook') await rm(join(dir, name), { recursive: true, force: true })
}

export const quoted = (text: string): string =>
  /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
