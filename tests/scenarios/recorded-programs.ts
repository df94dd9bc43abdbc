import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * A folder to put first in PATH: every program that stands behind it is there too, writes down how it was called, and
 * then is the real one.
 */
export const recordedPrograms = (folder: string, path: string) => {
  const log = join(folder, 'log')
  const programs = join(folder, 'programs')
  mkdirSync(programs, { recursive: true })
  for (const [name, real] of programsIn(path)) {
    // Written at once: a line that two write at the same time stays whole.
    const script = `#!/bin/sh\nprintf '%s\\n' "$(printf '%s\\037' ${quoted(name)} "$@" | tr '\\n' ' ')" >> ${quoted(log)}\nexec ${quoted(real)} "$@"\n`
    writeFileSync(join(programs, name), script, { mode: 0o755 })
  }
  // The recorder's own program must not record itself.
  for (const own of ['tr', 'printf']) {
    const real = programsIn(path).get(own)
    if (real) writeFileSync(join(programs, own), `#!/bin/sh\nexec ${quoted(real)} "$@"\n`, { mode: 0o755 })
  }
  return {
    path: `${programs}${delimiter}${path}`,
    /** Each as its argv, in the order of their start. */
    calls: (): string[][] =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .split('\n')
            .filter(Boolean)
            .map((line) => line.split('\u001f').slice(0, -1))
        : [],
  }
}

/** The programs of a PATH: of two with one name, the first. */
export const programsIn = (path: string): Map<string, string> => {
  const found = new Map<string, string>()
  for (const folder of path.split(delimiter))
    if (existsSync(folder))
      for (const name of readdirSync(folder))
        if (!found.has(name) && isProgram(join(folder, name))) found.set(name, join(folder, name))
  return found
}

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
