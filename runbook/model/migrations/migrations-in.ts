import type { Command, Redirection, SyntaxNode, Word } from 'unbash'
import { migrationBy } from './tools.ts'
import { unwrap } from './unwrap.ts'

/** Where a block stands: what its commands would find there. */
export interface BlockPlace {
  /** Relative to the application's folder. */
  readonly folder: string
  /** A text file, relative to the application's folder; undefined where there is none. */
  read(path: string): Promise<string | undefined>
}

/** Scripts that call each other. */
const DEEPEST = 6

/**
 * The commands of a block of shell that change the schema of a database, by what their programs are known for; also behind
 * wrappers such as `npx`, `sudo` and `docker compose exec`, in files of shell and in scripts of package.json. What cannot be
 * known, such as a program of one's own, is not guessed.
 */
export const migrationsInBlock = async (block: string, place: BlockPlace, depth = 0): Promise<string[]> => {
  // Loaded when it is needed: most books have no block.
  const { parse, forEachChild } = await import('unbash')
  const found: string[] = []
  let { folder } = place
  const commands: { command: Command; piped: boolean }[] = []
  const visit = (node: SyntaxNode, piped = false): void => {
    if (node.type === 'Command') commands.push({ command: node, piped })
    forEachChild(node, (child) => visit(child, node.type === 'Pipeline' ? child !== node.commands[0] : piped))
  }
  visit(parse(withoutPrompts(block)) as SyntaxNode)
  for (const { command, piped } of commands) {
    const words = wordsOf(command)
    if (words[0] === 'cd' && words[1]) folder = below(folder, words[1])
    else
      found.push(
        ...(await migrationsInWords(words, { ...place, folder }, { ...inputOf(command, piped), depth })),
      )
  }
  return [...new Set(found)]
}

/** The same of one command. */
export const migrationsInWords = async (
  words: readonly string[],
  place: BlockPlace,
  { depth = 0, ...input }: { depth?: number; reads: boolean; sql?: string } = { reads: false },
): Promise<string[]> => {
  const [path, ...args] = words
  if (path === undefined || depth > DEEPEST) return []
  const name = nameOf(path)
  const deeper = depth + 1
  const inFile = async (file: string) => {
    const text = await place.read(below(place.folder, file))
    return text === undefined || text.includes('\0') ? [] : migrationsInBlock(text, place, deeper)
  }
  const direct = migrationBy(name, args, input)
  if (direct) return [direct]
  const inner = unwrap(name, args)
  if (!inner) return /\.(ba)?sh$/.test(path) ? inFile(path) : []
  if ('words' in inner) return migrationsInWords(inner.words, place, { ...input, depth: deeper })
  if ('text' in inner) return migrationsInBlock(inner.text, place, deeper)
  if ('file' in inner) return inFile(inner.file)
  const folder = inner.folder === undefined ? place.folder : below(place.folder, inner.folder)
  const scripts = scriptsOf(await place.read(below(folder, 'package.json')))
  const known = inner.scripts.filter((script) => Object.hasOwn(scripts, script))
  // Without such a script it is a program that a package brought: yarn knex migrate:latest.
  if (known.length === 0 && inner.scripts.length === 1)
    return migrationsInWords([...inner.scripts, ...args.slice(args.indexOf(inner.scripts[0]!) + 1)], place, {
      ...input,
      depth: deeper,
    })
  const found: string[] = []
  for (const script of known)
    found.push(
      ...(await migrationsInBlock(String(scripts[script]), { ...place, folder }, deeper)).map((one) =>
        one.includes(' (') ? one : `${one} (the script ${script})`,
      ),
    )
  return found
}

const wordsOf = ({ name, args }: Command): string[] => [
  ...(name ? [name.value] : []),
  ...args.flatMap((word) => (word.type === 'Word' ? [(word as Word).value] : [word.text])),
]

/** What its standard input is: of a text the text itself. */
const inputOf = ({ redirects }: Command, piped: boolean): { reads: boolean; sql?: string } => {
  const input = redirects.filter(({ operator }) => operator.startsWith('<'))
  const texts = input.flatMap(textOf)
  return { reads: piped || input.length > 0, ...(texts.length && { sql: texts.join(';\n') }) }
}
const textOf = (redirection: Redirection): string[] => {
  if (redirection.type === 'HereDoc') return [redirection.body.text]
  return redirection.type === 'HereString' && redirection.target ? [redirection.target.value] : []
}

/** By its path, and with its version: node_modules/.bin/knex, knex@3. */
const nameOf = (path: string): string =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/(?<=.)@[^/]*$/, '')
    .replace(/\.(c|m)?js$|\.cmd$/, '')

const scriptsOf = (json: string | undefined): Readonly<Record<string, unknown>> => {
  try {
    return (JSON.parse(json ?? '{}') as { scripts?: Record<string, unknown> }).scripts ?? {}
  } catch {
    return {}
  }
}

const below = (folder: string, path: string): string => {
  if (path.startsWith('/')) return path
  const own = path.replace(/^(\.\/)+/, '')
  return folder === '.' || own === '' ? own || folder : `${folder}/${own}`
}

/** `$ npm ci`, as in a terminal. */
const withoutPrompts = (block: string): string =>
  /^\s*\$ /m.test(block) ? block.replace(/^(\s*)\$ /gm, '$1') : block
