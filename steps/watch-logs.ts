import { z } from 'zod'
import { logHasLine } from '../checks/log-has-line.ts'
import { logLacksLine } from '../checks/log-lacks-line.ts'
import { pm2Present } from '../checks/pm2-present.ts'
import { processKnown } from '../checks/process-known.ts'
import { beginningOfLast, fileSize, type LogPosition, type Pattern } from '../checks/reading/log-lines.ts'
import { pm2Instances } from '../checks/reading/pm2-instances.ts'
import {
  type Check,
  defineStep,
  factory,
  type Look,
  nothingToUndo,
  type Step,
  unmet,
  within,
} from '../runbook/index.ts'
import { logEvidence } from './evidence/logs.ts'
import { patternOption } from './pattern-option.ts'
import { logsNow, type ProcessLogs } from './pm2/process-logs.ts'

export const watchLogs = factory(
  'watch-logs',
  {
    /**
     * The restart of the same book: its process's logs are read from where they ended before it. What the old process
     * writes while it ends counts too.
     */
    from: z
      .custom<Step<any, any, ProcessLogs>>(
        (value) => (value as Step)?.kind === 'step',
        'what pm2Restart(…) gave',
      )
      .optional()
      .describe(
        'the pm2Restart(…) of the same book: the logs are read from where they ended before it; what the old process writes while it ends counts too',
      ),
    /** A process of pm2, whose logs are read from now on. */
    process: z.string().min(1).optional().describe('a process of pm2, whose logs are read from now on'),
    /** A log file, below the application's folder where it is relative. Needs `since`. */
    file: z.string().min(1).optional().describe('a log file; needs `since`'),
    /** Where in the file to begin. */
    since: z
      .union(
        [z.enum(['now', 'beginning']), z.strictObject({ lastLine: patternOption })],
        "'now', 'beginning' or { lastLine }",
      )
      .optional()
      .describe(
        'where in the file to begin: `now`, `beginning`, or { lastLine: … }, the last start of the application',
      ),
    /** Lines that must be there: a text that they contain, or an expression that they match. */
    has: z
      .array(patternOption)
      .default([])
      .describe('lines that must be there, each a text or an expression'),
    /** Lines that must not be there. */
    lacks: z.array(patternOption).default([]).describe('lines that must not be there, such as /error/i'),
    /** Lines that are harmless although `lacks` names them. */
    except: z
      .array(patternOption)
      .default([])
      .describe('lines that are harmless although `lacks` names them'),
    /** How long the lines of `has` may take to appear. Milliseconds. Default: 5000. */
    within: z
      .number()
      .int()
      .min(0)
      .default(5000)
      .describe('how long the lines of `has` may take to appear, in ms'),
    /** How long to go on watching for the lines of `lacks`. Milliseconds. Default: 0, what is there. */
    for: z.number().int().min(0).default(0).describe('how long to watch for the lines of `lacks`, in ms'),
  },
  (options) => {
    const { has, lacks, except, within: upTo, for: duration } = options
    const step = defineStep({
      id: 'watch-logs',
      title: duration ? `Watch the log for ${duration / 1000} s` : 'Read the log',
      about:
        'Reads what the application has written since its restart: the lines that a good start writes must be there, and no error line. Every kind of log file will do; one that was rotated is read from its beginning, and that is said.',
      sort: 'verifies',
      // What is written from now on, or after a restart, tells nothing of the time before.
      ...((options.from || options.process || options.since === 'now' || duration > 0) && {
        baseline: false,
      }),
      needs: () => (options.process ? [pm2Present()] : []),
      observe: async (look) => ({ logs: await findLogs(look, options) }),
      before: () => {
        if (options.process) return [processKnown(options.process)]
        return typeof options.since === 'object' ? [logHasLine(options.file!, options.since.lastLine)] : []
      },
      after: ({ observed: { logs } }) =>
        [
          ...has.map((line) => within(logHasLine(logs, line), upTo, 200)),
          ...(lacks.length ? [logLacksLine(logs, lacks, { except, for: duration })] : []),
        ] as unknown as readonly [Check, ...Check[]],
      evidence: ({ observed }) => logEvidence(observed?.logs ?? []),
      undo: () => nothingToUndo('it only reads'),
    })
    return { ...step, mistakes: mistakesIn(options) }
  },
  { file: 'logs/error.log', since: 'now', lacks: [/error/i], for: 60_000 },
)

interface Where {
  from?: Step<any, any, ProcessLogs> | undefined
  process?: string | undefined
  file?: string | undefined
  since?: 'now' | 'beginning' | { lastLine: Pattern } | undefined
}

/** The logs, each with the place to begin at. */
const findLogs = async (look: Look, { from, process, file, since }: Where): Promise<LogPosition[]> => {
  if (from) return afterRestart(look.outputOf(from))
  if (process) {
    const { out, err } = await logsNow(look, process, await pm2Instances(look, process))
    return [...out, ...err]
  }
  const path = file!
  if (since === 'beginning') return [{ path, from: 0 }]
  if (typeof since === 'object')
    return [{ path, from: (await beginningOfLast(look, path, [since.lastLine])) ?? 0 }]
  return [{ path, from: (await fileSize(look, path)) ?? 0 }]
}

const afterRestart = (logs: ProcessLogs | null): LogPosition[] => {
  if (logs) return [...logs.out, ...logs.err]
  throw unmet('the place in the log before the restart is known', 'no restart in this run', 'runbook deploy')
}

/** What the options say only together. */
const mistakesIn = ({
  from,
  process,
  file,
  since,
  has,
  lacks,
}: Where & { has: Pattern[]; lacks: Pattern[] }) => {
  const mistakes: { at: string; expected: string }[] = []
  const mistake = (at: string, expected: string) => mistakes.push({ at: `steps.watch-logs.${at}`, expected })
  if ([from, process, file].filter(Boolean).length !== 1) mistake('from', 'one of from, process and file')
  else if (file && !since)
    mistake('since', "'now', 'beginning' or { lastLine: … }, the line that a start begins with")
  else if (!file && since)
    mistake('since', 'only with file: the logs of a process begin at its restart, or now')
  if (has.length + lacks.length === 0) mistake('has', 'at least one line in has or in lacks')
  return mistakes
}
