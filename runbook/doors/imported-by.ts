import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** As they are looked for where a name has no ending, or that of what it becomes. */
const ENDINGS = ['', '.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js']

/** Of `import … from './x.ts'`, `export … from`, `import('./x.ts')`, `require('./x.cjs')`. */
const SPECIFIER = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'`])((?:\.{1,2}\/|\/)[^"'`\n$]+)\1/g

/**
 * The files that a book is made of beside itself: what it imports by a path, and what those import, each once. Found in their text, for
 * they are looked at before they are run; not those of packages, nor a path that is only computed.
 */
export const importedBy = (book: string): string[] => {
  const found = new Set<string>()
  const waiting = [book]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop())
    for (const [, , specifier] of textOf(file).matchAll(SPECIFIER)) {
      const path = fileAt(resolve(dirname(file), specifier!))
      if (path === undefined || path === book || found.has(path)) continue
      found.add(path)
      waiting.push(path)
    }
  return [...found]
}

const fileAt = (path: string): string | undefined =>
  // In TypeScript a file is often imported by the name that it will have as JavaScript.
  [...ENDINGS.map((ending) => `${path}${ending}`), path.replace(/\.([mc]?)js$/, '.$1ts')].find(
    (one) => existsSync(one) && statSync(one).isFile(),
  )

/** Empty where it cannot be read: that is said where it is loaded. */
const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
