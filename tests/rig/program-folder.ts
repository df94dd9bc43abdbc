import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface ProgramFolder {
  /** Programs of the machine, by name. */
  real?: readonly string[]
  /** Others, with the files that they are. */
  links?: Record<string, string>
  /** Scripts in `sh`. */
  scripts?: Record<string, string>
}

/** A PATH that has these programs and no others; it goes when the test ends. */
export const programFolder = ({ real = [], links = {}, scripts = {} }: ProgramFolder): string => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook programs '))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of real)
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(folder, name))
  for (const [name, file] of Object.entries(links)) symlinkSync(file, join(folder, name))
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return folder
}

/** What pg_dump 16 and later prints for `--compress=zstd:1` where it was built without zstd. */
export const WITHOUT_ZSTD =
  'pg_dump: error: invalid compression specification: this build does not support compression with ZSTD'
