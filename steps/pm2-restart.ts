import { z } from 'zod'
import { healthShowsRevision } from '../checks/health-shows-revision.ts'
import { httpAnswers } from '../checks/http-answers.ts'
import { pm2Present } from '../checks/pm2-present.ts'
import { processFresh } from '../checks/process-fresh.ts'
import { processKnown } from '../checks/process-known.ts'
import { processStable } from '../checks/process-stable.ts'
import { pm2Instances } from '../checks/reading/pm2-instances.ts'
import { withLogTail } from '../checks/reading/with-log-tail.ts'
import {
  defineCheck,
  defineStep,
  type Environment,
  early,
  factory,
  fails,
  holds,
  nothingToUndo,
  type Step,
  spanText,
  typed,
  within,
} from '../runbook/index.ts'
import { crashingProcess } from './diagnoses/crashing-process.ts'
import { errorsInLog } from './diagnoses/errors-in-log.ts'
import { noAnswer } from './diagnoses/no-answer.ts'
import { oldProcess } from './diagnoses/old-process.ts'
import { logEvidence } from './evidence/logs.ts'
import { pm2Evidence } from './evidence/pm2.ts'
import { performWithDaemon } from './pm2/ask-pm2.ts'
import { daemonFindings, daemonFits, withDaemon } from './pm2/daemon-environment.ts'
import {
  differenceText,
  ecosystemFindings,
  ecosystemHas,
  isToEnd,
  othersAsFileSays,
  processesGone,
  runsAsFileSays,
  wayOf,
} from './pm2/ecosystem-differences.ts'
import { logsSince, type ProcessLogs } from './pm2/process-logs.ts'
import { type Difference, endedWith } from './pm2/read-ecosystem.ts'
import { type Restarting, restartActions, whatDiffers } from './pm2/restart-actions.ts'
import { stopProcess } from './pm2/stop-process.ts'
import { whatRanBefore, whatRuns } from './pm2/what-runs.ts'
import { variables } from './variables.ts'
import { watch } from './watch.ts'

/** What `pm2Restart` hands on: `watchLogs({ from })` reads its logs from before the restart on. */
export type Restarted = ProcessLogs & { process: string; pids: number[] }

export const pm2Restart = factory(
  'pm2-restart',
  {
    /** Its name in pm2's list. In cluster mode: all instances of that name. */
    process: z
      .string()
      .regex(/^(?!all$|-)(?=.*\D).+$/, 'the name of a process, not its number, and not all')
      .describe('its name in pm2’s list; in cluster mode all instances of that name'),
    /**
     * Starts the process where pm2 does not know it yet, and is compared with what pm2 runs where it does: what differs is
     * applied. Below the application's folder.
     */
    ecosystem: z
      .string()
      .min(1)
      .optional()
      .describe(
        'the ecosystem file: the process is started from it where pm2 does not know it yet; otherwise it is compared with what pm2 runs, and what differs (variables, script, instances, …) is shown and applied',
      ),
    /** Which of its `env_…` are taken, as by pm2's `--env`. Default: those that the process runs with; for a new one none. */
    ecosystemEnv: z
      .string()
      .regex(/^[\w-]+$/, "a name as in env_production: 'production'")
      .optional()
      .describe(
        'which of the file’s `env_…` are taken, as by pm2’s --env; default: those that the process runs with, and none for one that pm2 does not know',
      ),
    /** Default: `reload` where it runs in cluster mode, else `restart`. `anew`: deleted, and started from `ecosystem`. */
    how: z
      .enum(['restart', 'reload', 'anew'])
      .optional()
      .describe(
        '`reload` starts a new process beside the old one and ends that when the new one listens, so that nobody is left without an answer: in cluster mode only, and where the app listens within pm2’s listen_timeout (3 s unless its ecosystem file says otherwise); `anew` has pm2 forget it and start it from the ecosystem file, with whatever that says now; default: reload in cluster mode, else restart',
      ),
    /** How long the process must live. Milliseconds. Default: 3000. */
    soak: z.number().int().min(0).default(3000).describe('how long the process must live, in ms'),
    /** Gives a process that runs already the book's `variables`. Default: false: it keeps its own environment. */
    updateEnv: z
      .boolean()
      .default(false)
      .describe(
        'give a process that pm2 knows the book’s `variables`, but for those with a secret (--update-env); default: it keeps its own environment, and only one that is started anew gets them',
      ),
    /** Variables for the process, over those of the book; a secret is given to it only here. */
    env: variables.describe(
      'variables for the process, over those of the book and its own (--update-env); a secret is given to it only here',
    ),
    /** The path that must answer 200. Default: the environment's `app.health`; false: none is asked. */
    health: z
      .union([z.string().startsWith('/'), z.literal(false)])
      .optional()
      .describe('the path that must answer 200; default: the environment’s app.health; false asks none'),
    /**
     * The health answer holds the commit id in `revision`. Default: true. With false nothing proves that the new code
     * is what answers, only that a new process does.
     */
    revision: z
      .boolean()
      .default(true)
      .describe(
        'the health answer’s JSON holds the commit id in `revision`; false where the app cannot say: then only a new process is proven, not that it runs the new code',
      ),
    /** How long the application may take until it answers. Milliseconds. Default: 30000. */
    startup: z.number().int().positive().default(30_000).describe('how long it may take to answer, in ms'),
    /** How long each command of pm2 may take. Milliseconds. Default: a minute, or 15 s an instance where that is more. */
    timeout: z
      .number()
      .int()
      .positive()
      .optional()
      .describe(
        'how long each command of pm2 may take, in ms; default: a minute, or 15 s an instance where that is more',
      ),
  },
  ({
    process,
    ecosystem,
    ecosystemEnv,
    how,
    soak,
    updateEnv,
    env: own,
    health,
    revision,
    startup,
    timeout,
  }): Step<any, any, Restarted> => {
    const options = { process, ecosystem, ecosystemEnv, how, updateEnv, env: own, timeout }
    // Where nothing serves, nothing can take over from it.
    const usual = (observed: Restarting, env: Environment) =>
      restartActions(
        observed,
        observed.serves && observed.clustered && how !== 'restart' ? 'reload' : 'restart',
        env,
        options,
      )
    const step = defineStep({
      id: 'pm2-restart',
      title: how === 'anew' ? `Start ${process} anew` : `Restart ${process}`,
      about:
        "Restarts a process under pm2, without a gap where it runs in cluster mode, or starts it where pm2 does not know it; with `how: 'anew'` pm2 forgets it first, and what it had kept of it. An ecosystem file that differs from what pm2 runs is shown, applied and looked at again; the process is started anew, with the variables of its own, where pm2 would not take that over otherwise. Since pm2 reports success for a program that dies at once or two seconds later, it proves a new process id, no crash during a soak, and a health answer with the deployed revision. On failure the end of the error log since the restart is shown.",
      sort: 'follows',
      // Another process than the one that was seen before it.
      provenByContent: true,
      needs: () => [pm2Present()],
      observe: async (look) =>
        withDaemon(look, await whatDiffers(look, await whatRuns(look, process), options), options),
      findings: ({ observed }) => [
        ...(ecosystem && observed.file
          ? ecosystemFindings(ecosystem, process, observed.file, observed.known)
          : []),
        ...daemonFindings(observed),
      ],
      before: ({ observed, observed: { known, clustered, file } }) => [
        ...daemonFits(observed, process),
        ...(known || ecosystem ? [] : [early(processKnown(process))]),
        ...(known && how === 'reload' ? [early(canBeReloaded(process, clustered))] : []),
        ...(known && how === 'reload' && file ? [early(differsInNothingLasting(process, file.differs))] : []),
        ...(ecosystem && file && file.why === undefined && !isToEnd(file)
          ? [early(ecosystemHas(ecosystem, process, file))]
          : []),
      ],
      actions: ({ observed, env }) => usual(observed, env),
      run: (act) =>
        performWithDaemon(act, usual(act.observed, act.env), {
          health: health ?? act.env.app.health,
          remedy: ecosystem
            ? `start it again from ${ecosystem}: runbook resume`
            : typed`pm2 start <ecosystem file> --only ${process}, and name that file in the book (ecosystem: …); then runbook resume`,
        }),
      after: ({ observed: { pids, restarts, logs, file }, env }) => {
        if (file && isToEnd(file)) return [processesGone([process, ...endedWith(file)])]
        const differs = file?.differs ?? []
        // A new instance has its own count, and what is restarted twice counts twice.
        const counts = how === 'anew' || wayOf(differs) === 'anew' ? 0 : differs.length ? null : restarts
        const answers = revision
          ? healthShowsRevision({ path: health || env.app.health })
          : httpAnswers(health || env.app.health)
        return [
          within(withLogTail(processFresh({ process, notPids: pids }), logs), 15_000, 200),
          withLogTail(processStable({ process, soak, ...countFrom(counts) }), logs),
          ...(ecosystem && file && differs.length
            ? [
                runsAsFileSays(
                  { ...options, ecosystemEnv: ecosystemEnv ?? file.chosen },
                  { differs, variables: how === 'anew' ? [] : file.variables },
                ),
              ]
            : []),
          ...(file ? othersAsFileSays(file, soak) : []),
          ...(health === false ? [] : [within(withLogTail(answers, logs), startup, 200)]),
        ]
      },
      output: async ({ observed, ...look }): Promise<Restarted> => {
        const instances = await pm2Instances(look, process)
        return { process, pids: instances.map(({ pid }) => pid), ...logsSince(observed.logs, instances) }
      },
      foresee: ({ observed }): Restarted => ({ process, pids: [], ...observed.logs }),
      summary: ({ observed, output }) => {
        const now = `pid ${output.pids.join(', ')}`
        return observed.pids.length ? `pid ${observed.pids.join(', ')} → ${output.pids.join(', ')}` : now
      },
      evidence: ({ observed }) => [
        pm2Evidence(process),
        ...logEvidence(observed ? [...observed.logs.err, ...observed.logs.out] : []),
      ],
      undo: () => nothingToUndo('a rollback restarts it again, on the previous code'),
      stop: ({ env }) => stopProcess(process, health ?? env.app.health, timeout),
      watch: ({ started, span }) =>
        watch({
          from: started.filter(({ options }) => options?.process !== undefined),
          ...(span && { for: spanText(span) }),
        }),
      // Between stop and start nobody is served: what ran was looked at before.
      stopped: (stop) => ({
        observe: async (look) =>
          withDaemon(
            look,
            await whatDiffers(look, await whatRanBefore(look, process, stop), options),
            options,
          ),
        actions: ({ observed, env }) => restartActions(observed, 'restart', env, options),
      }),
      diagnoses: ({ env, step }) => {
        const remedy = {
          title: ecosystem ? 'Start it anew' : 'Restart it',
          steps: () => [pm2Restart({ ...again(step), ...(ecosystem && { how: 'anew' as const }) })],
          follows: true,
        }
        return [
          oldProcess(process, remedy),
          crashingProcess(process, remedy),
          ...(health === false ? [] : [noAnswer(health ?? env.app.health)]),
          errorsInLog(process, step),
        ]
      },
    })
    const mistake = { at: 'steps.pm2-restart.ecosystem', expected: 'is needed, to start it anew' }
    return { ...step, mistakes: how === 'anew' && !ecosystem ? [mistake] : [] }
  },
  { process: 'lumiku-backend', ecosystem: 'ecosystem.config.cjs' },
)

/** What the book says of a step, under its id. */
const again = ({ id, options }: Step) => ({ ...(options as { process: string }), id })

/** pm2 counts from nothing what it has not known before. */
const countFrom = (restarts: number | null) => (restarts === null ? {} : { restarts })

/** A reload would pass over it without a word. */
const differsInNothingLasting = (process: string, differs: readonly Difference[]) =>
  defineCheck({
    fact: `what the ecosystem file changes of ${process} is taken by a reload`,
    remedy: 'take out `how`: then it is deleted and started anew',
    look: async () =>
      wayOf(differs) === 'anew'
        ? fails(differs.map(differenceText).join(', '))
        : holds('nothing that is not'),
  })

const canBeReloaded = (process: string, clustered: boolean) =>
  defineCheck({
    fact: `${process} runs in cluster mode, in which it can be reloaded`,
    // pm2 keeps the mode in which a process was first started.
    remedy: typed`write exec_mode: 'cluster' into its ecosystem file, then once: pm2 delete ${process}, and pm2 start it; or take out \`how\``,
    look: async () => (clustered ? holds('cluster mode') : fails('fork mode: a reload would be a restart')),
  })
