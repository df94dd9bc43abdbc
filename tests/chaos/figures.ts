import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, platform, release } from 'node:os'
import { fileURLToPath } from 'node:url'

/** What came of a part of the chaos when it was last tried whole. */
export interface Figures {
  seen: string
  /** Of the project. */
  revision: string
  /** '2026-11-28'. */
  on: string
  /** 'Node v20.20.2, linux 6.18.44, 2 cores'. */
  machine: string
}

const file = fileURLToPath(new URL('figures.json', import.meta.url))

/** Those that are kept: the whole takes hours, and its parts may be tried one by one. */
export const keptFigures = (): Record<string, Figures> => JSON.parse(readFileSync(file, 'utf8'))

/** Keeps those of a part in place of what was seen of it before. */
export const tellFigures = (part: string, figures: Pick<Figures, 'seen' | 'revision'>): void => {
  const on = new Date().toISOString().slice(0, 10)
  const machine = `Node ${process.version}, ${platform()} ${release()}, ${cpus().length} cores`
  const all = { ...keptFigures(), [part]: { ...figures, on, machine } }
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)))
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`)
}
