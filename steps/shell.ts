import { z } from 'zod'
import { toolPresent } from '../checks/tool-present.ts'
import {
  changes,
  defineCheck,
  defineStep,
  Failed,
  factory,
  fails,
  forwardOnly,
  holds,
  isElsewhere,
  type Look,
  migrationsInBlock,
  nothingToUndo,
  reverse,
  type Undo,
} from '../runbook/index.ts'
import { byVariables } from './by-variables-option.ts'
import { incomingTextIfThere } from './incoming-file.ts'
import { retryOption } from './retry-option.ts'
import { variables } from './variables.ts'

const text = (what: string) => z.string().max(100_000).regex(/\S/, what)

/** A block pasted out of an old guide, or a script of zx. */
export const shell = factory(
  'shell',
  {
    /** Lines of bash, performed as one; they stop at the first that fails. */
    block: text('lines of shell').optional().describe('lines of bash, which stop at the first that fails'),
    /** JavaScript with zx's `$`, instead of a block. */
    script: text('JavaScript').optional().describe('JavaScript with zx’s `$`, instead of a block'),
    /** The way back, or why there is none. */
    undo: z
      .union(
        [
          z.strictObject({ block: text('lines of shell') }),
          z.strictObject({ forwardOnly: z.string().min(1), instead: z.string().min(1) }),
          z.strictObject({ nothing: z.string().min(1) }),
        ],
        '{ block }, { forwardOnly, instead } or { nothing }',
      )
      .describe(
        'the way back: { block }; or why there is none: { forwardOnly, instead } or { nothing }, each with a reason',
      ),
    /** The folder it runs in. Default: the application's. */
    in: z.string().min(1).default('.').describe("the folder it runs in; default: the application's"),
    /** Its variables. */
    env: variables.describe('its variables'),
    /** How its command knows the database, where it is rehearsed. */
    database: byVariables,
    /** Default: follows where there is nothing to undo, as of a restart; else state. */
    sort: z
      .enum(['state', 'follows', 'verifies', 'prepares'])
      .optional()
      .describe(
        'state, follows, verifies or prepares: what a rollback makes of it; default: follows where `undo` is { nothing }, so that a restart is done again when the code has gone back, else state',
      ),
    /** It changes the database: its undo is performed only where a rollback is asked for the database. */
    role: z
      .literal('migration', "'migration', or left out")
      .optional()
      .describe(
        "'migration' where it changes the database: it stands behind the backup and is rehearsed, and its `undo` is performed only by a rollback with --database=schema",
      ),
    /** Its `after` proves all that it does, whatever was changed before it. Default: false. */
    provenByContent: z
      .boolean()
      .default(false)
      .describe(
        'whether `after` proves all that it does, so that it is skipped where that holds, also after a change; default: false, because what a restart should bring about the old process fulfils too',
      ),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
    /** Default: tried once. */
    retry: retryOption,
  },
  (options) => {
    const { block, script, role, provenByContent, database, undo, after = [] } = options
    const sort = options.sort ?? ('nothing' in undo && !role ? 'follows' : 'state')
    const asked = after.length > 0

    return {
      ...defineStep({
        id: 'shell',
        title: 'Run the block',
        about:
          'Runs a block of shell lines in bash, or a script of zx, as it stands in the plan. A line, a part of a pipe ' +
          'or a variable that fails stops it. What it changes cannot be known beforehand: say in `after` what must ' +
          'hold, or the only proof is its exit status, and it is run again each time. Where something has changed before ' +
          'it, it is run although that holds already, unless the book says `provenByContent`. One that changes the ' +
          "database says so: `role: 'migration'`. By its programs it is known to do so, and warned of, without that too; " +
          'and its undo then waits for --database=schema.',
        sort,
        ...(role && { role }),
        ...(database && { database }),
        provenByContent,
        needs: ({ env }) => [
          toolPresent('bash'),
          ...(isElsewhere(env) || script === undefined ? [] : [toolPresent('node', { version: '>=20.6' })]),
          ...(isElsewhere(env) && script !== undefined ? [zxIsThere(env.host)] : []),
        ],
        observe: async (at) => ({
          migrates: await migrationsIn([block, script], options, at),
          /** Its undo is a database undo where what it does is one, or the undo itself. */
          takesBackData: await migrationsIn(['block' in undo ? undo.block : undefined], options, at),
        }),
        migrates: ({ observed }) =>
          observed?.migrates.length
            ? observed.migrates
            : (observed?.takesBackData.map((one) => `${one}, to take it back`) ?? []),
        actions: () => ({
          run: block === undefined ? runsScript(script ?? '', options) : runsBlock(block, options),
        }),
        after: () => (asked ? [after[0]!, ...after.slice(1)] : [endedWell]),
        output: async (at) => ({ ended: at.performed('run') ?? '' }),
        summary: ({ output }) => output.ended,
        undo: ({ observed }) =>
          wayBack(undo, options, role || observed?.migrates.length || observed?.takesBackData.length),
        ...(!asked && { doubt: 'what the block changes; an `after` in the book would tell' }),
      }),
      mistakes: [
        ...((block === undefined) === (script === undefined)
          ? [{ at: 'steps.shell', expected: 'either `block` or `script`' }]
          : []),
        ...(role && sort !== 'state'
          ? [{ at: 'steps.shell.sort', expected: "is 'state' for the role 'migration', or is left out" }]
          : []),
      ],
    }
  },
  {
    title: 'Warm the cache',
    block: 'cd backend\nnpm run cache:warm',
    undo: { nothing: 'a cold cache only costs time' },
  },
)

type Options = { in: string; env?: z.output<typeof variables>; timeout?: number | undefined } & {
  retry?: z.output<typeof retryOption>
}

/** The same on every host, and as a person types it. bash takes itself for a remote shell where it is told of ssh: no ~/.bashrc. */
const runsBlock = (block: string, options: Options) => ({
  ...changes('bash', '--norc', '-euo', 'pipefail', '-c', block),
  ...settingsOf(options),
})

/**
 * zx in a process of its own, with the text as an argument. Its command line would write the text into the folder
 * first, under a name that another one at the same time takes too. zx comes with this tool, and is not on another host.
 */
const runsScript = (script: string, options: Options) => ({
  ...changes('node', '--import', import.meta.resolve('zx/globals'), '--input-type=module', '-e', script),
  // Without SHLVL bash takes itself for a remote shell, and reads ~/.bashrc.
  ...settingsOf(options, { SHLVL: '1', ZX_VERBOSE: 'true' }),
})

const settingsOf = ({ in: folder, env, timeout, retry }: Options, more: Record<string, string> = {}) => ({
  ...(folder !== '.' && { cwd: folder }),
  env: { ...more, ...env },
  ...(timeout && { timeout }),
  ...(retry && { retry }),
})

const zxIsThere = (host: string) =>
  defineCheck({
    fact: 'a script of zx runs on this machine',
    remedy: 'write it as a `block` of bash, which runs on any host',
    look: async () => fails(`it would run on ${host}, which has no zx`),
  })

const endedWell = defineCheck({
  fact: 'it ended with exit 0, and nothing else is known of what it did',
  remedy: 'read its last lines; give the step an `after` that says what must hold',
  look: async ({ performed }) => {
    const ended = performed('run')
    return ended ? holds(ended) : fails('it was not run to its end')
  },
})

/** What of its texts changes the schema of a database, in the revision that is to come. */
const migrationsIn = async (
  texts: readonly (string | undefined)[],
  { in: folder }: Options,
  look: Look,
): Promise<string[]> => {
  const place = {
    folder,
    // What cannot be read tells nothing: whether it can be run shows when it is.
    read: (path: string) =>
      incomingTextIfThere(look, path).catch((error) => {
        look.signal.throwIfAborted()
        if (error instanceof Failed) return undefined
        throw error
      }),
  }
  const found: string[] = []
  for (const text of texts) if (text) found.push(...(await migrationsInBlock(commandsOf(text), place)))
  return [...new Set(found)]
}

/** Of a script of zx what stands in its `$`; of a block the block. */
const commandsOf = (text: string): string => {
  const inScript = [...text.matchAll(/\$(?:\([^)]*\))?`((?:[^`\\]|\\.)*)`/g)].map(([, command]) => command!)
  return inScript.length && /\bawait\b/.test(text)
    ? inScript.map((command) => command.replace(/\$\{[^}]*\}/g, 'x')).join('\n')
    : text
}

type WayBack = { block: string } | { forwardOnly: string; instead: string } | { nothing: string }

const wayBack = (undo: WayBack, options: Options, ofDatabase: unknown): Undo => {
  if ('block' in undo)
    return reverse(ofDatabase ? 'schema' : 'code', { back: runsBlock(undo.block, options) })
  return 'nothing' in undo ? nothingToUndo(undo.nothing) : forwardOnly(undo.forwardOnly, undo.instead)
}
