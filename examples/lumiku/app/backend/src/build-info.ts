import { readFileSync } from 'node:fs'
import path from 'node:path'

type BuildInfo = { revision: string; builtAt: string }

/** Read once at start: a process that was not restarted keeps answering the revision that it runs. */
export const buildInfo: BuildInfo = JSON.parse(readFileSync(path.join(__dirname, 'build.json'), 'utf8'))
