import { processFresh } from '../../checks/process-fresh.ts'
import { processStable } from '../../checks/process-stable.ts'
import { oneLine } from '../../checks/reading/one-line.ts'
import { listed, pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import {
  type Check,
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  typed,
  within,
} from '../../runbook/index.ts'
import {
  type Difference,
  type EcosystemRead,
  type EcosystemVariables,
  endedWith,
  readEcosystem,
  startedWith,
} from './read-ecosystem.ts'

/**
 * What pm2 takes from the file only for a process that it starts, and keeps for one that it restarts: seen with pm2 7.0;
 * https://github.com/Unitech/pm2/issues/3742.
 */
const ONLY_AT_START = /^(script|cwd|mode|no-.*)$/

/** How a running process is brought to what the file says. */
export const wayOf = (differs: readonly Difference[]): 'none' | 'restart' | 'anew' => {
  if (differs.some(({ kind }) => ONLY_AT_START.test(kind))) return 'anew'
  return differs.some(({ kind }) => kind !== 'instances') ? 'restart' : 'none'
}

/** How many instances the file wants, where that is another number. */
export const instancesWanted = (differs: readonly Difference[]): number | undefined => {
  const wanted = differs.find(({ kind }) => kind === 'instances')?.to
  return wanted === undefined ? undefined : Number(wanted)
}

export const differenceText = ({ kind, what, from, to }: Difference): string => {
  const name = oneLine(what, 60)
  switch (kind) {
    case 'variable':
      return `the variable ${name} has another value`
    case 'new-variable':
      return `the variable ${name} is new`
    case 'no-variable':
      return `the variable ${name} is gone`
    case 'instances':
      return `${quantity(Number(from), 'instance')} → ${to}`
  }
  if (from !== undefined && to !== undefined) return `${name} ${oneLine(from, 100)} → ${oneLine(to, 100)}`
  return kind.startsWith('no-') ? `${name} is gone` : `${name} is another`
}

/** For the plan: how the file differs from what pm2 runs, and what of it is nobody's here. */
export const ecosystemFindings = (
  ecosystem: string,
  process: string,
  read: EcosystemRead,
  known: boolean,
): string[] => {
  const { why, differs, more, fewer } = read
  const file = oneLine(ecosystem, 100)
  const shown = (names: readonly string[]) => names.map((name) => oneLine(name, 60)).join(', ')
  const [starts, ends] = [startedWith(read), endedWith(read)]
  const [others, left] = [more, fewer].map((names) =>
    names.filter((name) => ![...starts, ...ends].includes(name)),
  ) as [string[], string[]]
  return [
    ...(why !== undefined && known ? [`whether ${file} has changed is not known: ${oneLine(why, 200)}`] : []),
    ...(differs.length
      ? [`${file} differs from what pm2 runs as ${process}: ${differs.map(differenceText).join(', ')}`]
      : []),
    ...(wayOf(differs) === 'anew'
      ? [
          'pm2 takes that only for a process that it starts: it is deleted and started anew with the variables of its own, and for that time nobody is served',
        ]
      : []),
    ...(isToEnd(read) && known
      ? [`${file} differs: the older revision does not have ${process} yet, so that it is ended`]
      : []),
    ...(starts.length ? [`${file} differs: ${shown(starts)} came with it, and is started`] : []),
    ...(ends.length ? [`${file} differs: ${shown(ends)} is no longer in it, and is ended`] : []),
    ...(others.length
      ? [
          `${file} differs: ${shown(others)} came with it, and is not started: pm2 runs a part of the file only; where this host is to run it: ${typed`pm2 start ${ecosystem} --only ${others[0]!}`}`,
        ]
      : []),
    ...(left.length
      ? [
          `${file} differs: ${shown(left)} is no longer in it, and still runs, from another folder; where that is to end: ${typed`pm2 delete ${left}`}`,
        ]
      : []),
  ]
}

/** An app that comes with a later revision than the one that is gone back to. */
export const isToEnd = ({ back, has, why }: EcosystemRead): boolean => back && !has && why === undefined

/** pm2 does not know these processes. */
export const processesGone = (names: readonly string[]) =>
  defineCheck({
    fact: `pm2 runs no ${names.map((name) => oneLine(name, 60)).join(', no ')}`,
    remedy: typed`pm2 delete ${names}`,
    look: async (look: Look) => {
      const list = await listed(await pm2Daemon(look), look)
      const there = names.filter((name) => list.some((one) => one.name === name))
      return there.length
        ? fails(`it runs ${there.map((name) => oneLine(name, 60)).join(', ')}`)
        : holds('it does not know it')
    },
  })

/** Those that came with the revision run, and those that went do not. */
export const othersAsFileSays = (file: EcosystemRead, soak: number): Check[] => [
  ...startedWith(file).flatMap((process) => [
    within(processFresh({ process, notPids: [] }), 15_000, 200),
    processStable({ process, soak }),
  ]),
  ...(endedWith(file).length ? [processesGone(endedWith(file))] : []),
]

/** The ecosystem file has the app that is to be restarted from it. */
export const ecosystemHas = (ecosystem: string, process: string, { names }: Pick<EcosystemRead, 'names'>) =>
  defineCheck({
    fact: `${ecosystem} has the app ${process}`,
    remedy: 'correct `process` in the book; where the app is gone, take the step out, and end it: pm2 delete',
    look: async () =>
      names.includes(process)
        ? holds('it has')
        : fails(`it has ${names.map((name) => oneLine(name, 60)).join(', ') || 'none'}`),
  })

/** What differed is as the file has it: looked at in pm2's own list, since it reports success whatever it takes over. */
export const runsAsFileSays = (
  {
    process,
    ecosystem = '',
    ecosystemEnv,
    env,
  }: { process: string; ecosystem?: string | undefined } & EcosystemVariables,
  { differs: before, variables }: Pick<EcosystemRead, 'differs' | 'variables'>,
) =>
  defineCheck({
    fact: `${process} runs as ${ecosystem} says`,
    remedy: typed`pm2 delete ${process}, then: pm2 start ${ecosystem} --only ${process}`,
    look: async (look: Look) => {
      const read = await readEcosystem(look, await pm2Daemon(look), { process, ecosystem, ecosystemEnv, env })
      const { why, differs } = read
      if (why !== undefined) return fails(`not known: ${why}`)
      // Of any other option only the two revisions of the file are compared, and they still differ.
      const isTold = ({ kind }: Difference) => !/^(no-)?option$/.test(kind)
      const was = new Set(before.map(({ kind, what }) => `${kind.replace('new-', '')} ${what}`))
      const left = differs.filter(
        (one) => isTold(one) && was.has(`${one.kind.replace('new-', '')} ${one.what}`),
      )
      if (left.length) return fails(left.map(differenceText).join(', '))
      const gone = new Set(before.flatMap(({ kind, what }) => (kind === 'no-variable' ? [what] : [])))
      const lost = variables.filter((name) => !gone.has(name) && !read.variables.includes(name))
      if (lost.length) return fails(`it has lost variables of its own: ${lost.slice(0, 8).join(', ')}`)
      return holds(before.map(differenceText).join(', '))
    },
  })
