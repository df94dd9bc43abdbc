import { seen } from '../model/unseen.ts'
import { type Draft, type DraftEntry, holdsStep } from './draft-book.ts'
import { type Code, keyOf, literal } from './literal.ts'
import { slug } from './slug.ts'

/** The text of a book from a draft of a page. `page`: its name. */
export const writeImported = (draft: Draft, page: string): string =>
  writeBook(draft, {
    about: `${draft.title || page}: a first book, made from ${page} by \`runbook import\`.`,
    next: 'runbook plan staging',
    environments: environment(draft),
  })

export interface BookText {
  /** Its first line, a comment. */
  about: string
  /** What to type when it has been read. */
  next: string
  /** Lines of code: `  environments: {` … */
  environments: readonly string[]
}

/** The text of a book. */
export const writeBook = (
  draft: Pick<Draft, 'title' | 'parts'>,
  { about, next, environments }: BookText,
): string => {
  const parts = [...draft.parts].filter(([name]) => name !== 'deploy')
  const procedures = parts.filter(([, { entries }]) => entries.some(({ kind }) => kind === 'step'))
  const told = parts.filter((part) => !procedures.includes(part))
  const body = [
    'export default defineRunbook({',
    `  name: ${literal(slug(draft.title) || 'imported')},`,
    '',
    ...environments,
    '',
    '  deploy: () => [',
    ...entriesText(draft.parts.get('deploy')!.entries, '    '),
    '  ],',
    ...told.flatMap(([, { because, entries }]) =>
      entries.length
        ? ['', ...(because ? [`  // Beside the deployment: ${because}.`] : []), ...entriesText(entries, '  ')]
        : [],
    ),
    ...(procedures.length ? ['', '  // Performed by: runbook run <name> <env>', '  procedures: {'] : []),
    ...procedures.flatMap(([name, { because, entries }]) => [
      ...(because ? [`    // REVIEW: not performed by a deployment: ${because}.`] : []),
      `    ${keyOf(name)}: () => [`,
      ...entriesText(entries, '      '),
      '    ],',
    ]),
    ...(procedures.length ? ['  },'] : []),
    '})',
  ].join('\n')
  // In its strings nothing is left of that; comments are text from outside too.
  return seen(`${[...head(draft, { about, next }, body), '', body].join('\n')}\n`)
}

const head = (
  draft: Pick<Draft, 'parts'>,
  { about, next }: Omit<BookText, 'environments'>,
  body: string,
): string[] => {
  const factories = [...draft.parts.values()].flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.kind === 'step' ? [entry.call.factory] : [])),
  )
  const from = [
    'defineRunbook',
    'phase',
    ...['secret', 'text'].filter((name) => new RegExp(`^[^/]*\\b${name}[(\`]`, 'm').test(body)),
  ]
  return [
    `// ${oneLine(about)}`,
    `// Nothing of it has been tried. Look at every REVIEW; then: ${next}`,
    `import { ${from.filter((name) => name !== 'phase' || body.includes('phase(')).join(', ')} } from 'runbook'`,
    ...(factories.length ? [imported([...new Set(factories)].sort(), 'runbook/steps')] : []),
  ]
}

const imported = (names: readonly string[], from: string): string => {
  const line = `import { ${names.join(', ')} } from '${from}'`
  return line.length <= 110
    ? line
    : `import {\n${names.map((name) => `  ${name},\n`).join('')}} from '${from}'`
}

const environment = (draft: Draft): string[] => [
  '  environments: {',
  '    // REVIEW: one to try the book in. A production is protected, and backs its database up before that is changed.',
  '    staging: {',
  ...where(draft),
  ...(draft.needsDatabase ? ["      database: { url: secret('DATABASE_URL') },"] : []),
  ...(draft.variables.size
    ? [
        `      // REVIEW: the page sets them`,
        `      variables: ${literal(Object.fromEntries(draft.variables), '      ')},`,
      ]
    : []),
  ...(draft.secrets.size
    ? [`      // Secrets, in .env.staging beside the book: ${[...draft.secrets].join(', ')}.`]
    : []),
  '    },',
  '  },',
]

/** The host, the folder and the address. */
const where = ({ host, speaksOfSsh, folders, branch, url }: Draft): string[] => {
  const { app: folder, all } = folders
  const dir = !host
    ? '.'
    : folder?.startsWith('/') && !/[$<>{}*]/.test(folder)
      ? folder
      : '/path/of/the/application'
  const text = literal({ dir, ...(branch && { branch }), ...(url && { url }) })
  return [
    ...(host
      ? [
          `      // The page signs in by: ssh ${oneLine(host.given)}`,
          `      host: ${literal(host.to)}, // REVIEW: the host of this environment, on which its steps are performed`,
        ]
      : []),
    ...(!host && speaksOfSsh
      ? [
          "      // REVIEW: the page signs in to a server; where this is not that machine: host: 'user@server'",
        ]
      : []),
    ...(all.size ? [`      // The page goes to ${[...all].map(oneLine).join(', ')}.`] : []),
    `      app: ${text}, // REVIEW: the clone, its branch, its address`,
  ]
}

/** How many places of a book are left to decide. */
export const reviewsIn = (book: string): number => book.match(/\/\/ REVIEW:/g)?.length ?? 0

/** A phase without a step is a comment: a book has no empty ones. */
const entriesText = (entries: readonly DraftEntry[], indent: string): string[] => {
  const lines: string[] = []
  let open = false
  const close = () => {
    if (open) lines.push(`${indent}]),`)
    open = false
  }
  for (const [i, entry] of entries.entries()) {
    if (entry.kind === 'phase') {
      close()
      open = holdsStep(entries, i)
      if (lines.length) lines.push('')
      lines.push(
        open ? `${indent}phase(${literal(entry.title)}, [` : `${indent}// ## ${oneLine(entry.title)}`,
      )
    } else if (entry.kind === 'comment') lines.push(...comment(entry.text, open ? `${indent}  ` : indent))
    else lines.push(...stepText(entry, open ? `${indent}  ` : indent))
  }
  close()
  return lines
}

const stepText = ({ id, call }: DraftEntry & { kind: 'step' }, indent: string): string[] => {
  const kebab = call.factory.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const options = { ...(id !== kebab && { id }), ...call.options }
  return [
    ...(call.review ? [`${indent}// REVIEW: ${oneLine(call.review)}`] : []),
    `${indent}${call.factory}(${Object.keys(options).length ? literal(options as Record<string, string | Code>, indent) : ''}),`,
  ]
}

const comment = (text: string, indent: string): string[] =>
  text.split(/\r?\n|[\u2028\u2029]/).map((line) => `${indent}// ${line}`.trimEnd())

const oneLine = (text: string): string => text.replace(/[\s\u2028\u2029]+/g, ' ')
