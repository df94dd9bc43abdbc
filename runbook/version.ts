import { readFileSync } from 'node:fs'

/** The version of this package, from its package.json: one folder up, in the sources and in `dist/`. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
