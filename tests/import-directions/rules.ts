import type { Reach } from './reaches-of.ts'

/** Files that a layer consists of, and what they may reach for. */
interface Layer {
  readonly name: string
  /** Where the first layer that fits counts: how the files' paths begin. */
  readonly of: string
  readonly may: readonly RegExp[]
}
/** What one file may beyond its layer, and why. */
interface Exception {
  readonly file: string
  readonly may: RegExp
  readonly because: string
}

/** Modules of Node that reach nothing. */
const pure = /^node:(path|util|buffer|string_decoder)$/

/** model ← plan, journal ← engine ← commands ← cli. */
export const layers: readonly Layer[] = [
  { name: 'model', of: 'runbook/model/', may: [/^runbook\/model\//, pure, /^zod$/] },
  { name: 'plan', of: 'runbook/plan/', may: [/^runbook\/(model|plan)\//, pure] },
  { name: 'journal', of: 'runbook/journal/', may: [/^runbook\/(model|journal)\//, pure, /^node:crypto$/] },
  {
    name: 'engine',
    of: 'runbook/engine/',
    may: [/^runbook\/(model|plan|journal|doors|engine)\//, pure],
  },
  {
    name: 'doors',
    of: 'runbook/doors/',
    may: [
      /^runbook\/(model|doors)\//,
      pure,
      /^node:(fs|fs\/promises|os|crypto|child_process)$/,
      /^(process|performance|setTimeout|setInterval|fetch)\b/,
      /^(new )?Date\b/,
    ],
  },
  { name: 'render', of: 'runbook/render/', may: [/^runbook\/(model|plan|journal|render)\//, pure] },
  // A page becomes the text of a book: it knows steps by their names only.
  {
    name: 'import',
    of: 'runbook/import/',
    may: [/^runbook\/import\//, /^runbook\/model\/(unseen|exact-json)\.ts$/, /^(marked|unbash)$/],
  },
  {
    name: 'commands',
    of: 'runbook/commands/',
    may: [
      /^runbook\/(model|plan|journal|engine|doors|render|commands|import)\//,
      /^runbook\/version\.ts$/,
      pure,
      /^node:crypto$/,
    ],
  },
  { name: 'index', of: 'runbook/index.ts', may: [/^runbook\/model\//] },
  { name: 'cli', of: 'runbook/cli.ts', may: [/^runbook\/(commands\/|version\.ts$)/] },
  { name: 'version', of: 'runbook/version.ts', may: [] },
  { name: 'steps', of: 'steps/', may: [/^runbook\/index\.ts$/, /^(steps|checks)\//, /^zod$/] },
  { name: 'checks', of: 'checks/', may: [/^runbook\/index\.ts$/, /^checks\//] },
]

/** For each a reason that stands in the code; one that is no longer needed is a mistake too. */
export const exceptions: readonly Exception[] = [
  ...['clock', 'redaction'].map((door) => ({
    file: 'runbook/journal/recorder.ts',
    may: new RegExp(`^type runbook/doors/${door}\\.ts$`),
    because: 'what it is given; the type only',
  })),
  { file: 'runbook/journal/journal-file.ts', may: /^node:fs$/, because: 'the transcript: append, fsync' },
  {
    file: 'runbook/journal/backups.ts',
    may: /^node:(fs|stream\/promises)$/,
    because: 'reads the dumps that stand beside the transcripts',
  },
  { file: 'runbook/journal/runs.ts', may: /^node:fs$/, because: 'reads transcripts' },
  { file: 'runbook/journal/run-index.ts', may: /^node:fs$/, because: 'what is known of them already' },
  { file: 'runbook/doors/database.ts', may: /^((type|dynamic) )?pg$/, because: 'the door to PostgreSQL' },
  ...[
    'database-freeze',
    'lock-session',
    'pooler',
    'channel-binding',
    'database-places',
    'database-client',
  ].map((what) => ({
    file: `runbook/doors/${what}.ts`,
    may: /^type pg$/,
    because: 'a session of that door',
  })),
  {
    file: 'runbook/doors/database-tls.ts',
    may: /^node:(net|tls)$/,
    because: 'how that door encrypts, and the gate of a copy',
  },
  {
    file: 'runbook/doors/database-password.ts',
    may: /^dynamic pgpass\/lib\/helper\.js$/,
    because: 'reads a file of passwords',
  },
  {
    file: 'runbook/doors/without-binding.ts',
    may: /^node:stream$/,
    because: 'what the gate of a copy leaves out',
  },
  {
    file: 'runbook/doors/archive.ts',
    may: /^node:(zlib|stream|stream\/promises)$/,
    because: 'packs the files of a bundle, in pieces',
  },
  {
    file: 'runbook/doors/own-process.ts',
    may: /^node:url$/,
    because: 'tells this tool’s own code from that of others',
  },
  {
    file: 'runbook/doors/watchdog.ts',
    may: /^node:worker_threads$/,
    because: 'watches this thread from another',
  },
  { file: 'runbook/doors/ssh.ts', may: /^node:net$/, because: 'finds a port for a tunnel' },
  {
    file: 'runbook/doors/closed-network.ts',
    may: /^node:(dns\/promises|net|readline|url)$/,
    because: 'listens for what a closed network hands on',
  },
  {
    file: 'runbook/doors/copy-gate.ts',
    may: /^(type )?node:(events|net|stream|tls)$/,
    because: 'hands it on to the server of a copy',
  },
  {
    file: 'runbook/doors/start-up-packet.ts',
    may: /^type node:net$/,
    because: 'reads what a client says first',
  },
  { file: 'runbook/doors/lookers.ts', may: /^type pg$/, because: 'sessions of that door' },
  {
    file: 'runbook/doors/silent-server.ts',
    may: /^type pg$/,
    because: 'sessions of that door, and their end',
  },
  { file: 'runbook/doors/measure.ts', may: /^type pg$/, because: 'looks within a transaction of that door' },
  {
    file: 'runbook/doors/prompt.ts',
    may: /^dynamic @inquirer\/prompts$/,
    because: 'the door to the operator',
  },
  { file: 'runbook/render/live-view.ts', may: /^(type|dynamic) listr2$/, because: 'draws the tree' },
  {
    file: 'runbook/render/live-view.ts',
    may: /^(performance\.now|setTimeout|setInterval)$/,
    because: 'when to draw, and how long a step runs on the screen; nothing is decided by it',
  },
  { file: 'runbook/commands/command-line.ts', may: /^commander$/, because: 'reads the arguments' },
  { file: 'runbook/commands/load-book.ts', may: /^dynamic jiti$/, because: 'loads TypeScript' },
  {
    file: 'runbook/commands/load-book.ts',
    may: /^dynamic runbook(\/(steps|checks))?$/,
    because: 'the book shares the modules of the tool, by the names of the package',
  },
  {
    file: 'runbook/commands/command-line.ts',
    may: /^node:v8$/,
    because: 'settings of the engine, at its start',
  },
  {
    file: 'runbook/doors/heard-by-many.ts',
    may: /^node:events$/,
    because: 'tells Node that many listeners are no leak',
  },
  { file: 'runbook/commands/find-book.ts', may: /^node:fs$/, because: 'looks for the book' },
  { file: 'runbook/commands/prepare-state-dir.ts', may: /^node:fs$/, because: 'makes the state folder' },
  {
    file: 'runbook/commands/read-invocation.ts',
    may: /^process\.(stdout|stderr|env|cwd)$/,
    because: 'what the rest of the commands is given',
  },
  {
    file: 'runbook/cli.ts',
    may: /^process\.(argv|stdout|exitCode)$/,
    because: 'answers at once; the only place that ends the process',
  },
  { file: 'runbook/version.ts', may: /^node:fs$/, because: 'reads package.json' },
  {
    file: 'runbook/model/migrations/migrations-in.ts',
    may: /^(type|dynamic) unbash$/,
    because: 'reads which programs a block of shell runs; a parser, which reaches nothing',
  },
  {
    file: 'steps/shell.ts',
    may: /^dynamic zx\/globals$/,
    because: 'names the module for a process of its own, and loads nothing',
  },
]

/** Parsing SQL is the only work of a step that needs a package. */
const sqlParser = { of: 'steps/sql/', may: /^((type|dynamic) )?libpg-query$/ }

/** Why a file may not reach for that; undefined where it may. */
export const refusalOf = (path: string, reach: Reach): string | undefined => {
  if (exceptions.some((exception) => allows(exception, path, reach))) return undefined
  const layer = layers.find(({ of }) => path.startsWith(of))
  if (!layer) return `${path}: stands in no layer`
  // Whether it is a type, or is loaded later, makes no difference to a layer.
  if (layer.may.some((may) => may.test(reach.to))) return undefined
  if (path.startsWith(sqlParser.of) && sqlParser.may.test(nameOf(reach))) return undefined
  return `${path}:${reach.line}: ${layer.name} may not use ${nameOf(reach)}`
}

export const allows = ({ file, may }: Exception, path: string, reach: Reach): boolean =>
  file === path && may.test(nameOf(reach))

const nameOf = ({ to, type, dynamic }: Reach): string =>
  `${type ? 'type ' : ''}${dynamic ? 'dynamic ' : ''}${to}`
