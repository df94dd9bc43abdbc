import { pm2Daemon } from '../../checks/reading/pm2-instances.ts'
import { type Actions, type Environment, type Look, reads, type Text } from '../../runbook/index.ts'
import { asksPm2, type Pm2Limit } from './ask-pm2.ts'
import { instancesWanted, isToEnd, wayOf } from './ecosystem-differences.ts'
import { type EcosystemRead, endedWith, readEcosystem, startedWith } from './read-ecosystem.ts'
import { endsForGood, keptVariables, startsAnew, variablesOfBook } from './start-anew.ts'
import type { WhatRuns } from './what-runs.ts'

/**
 * What runs, and how the ecosystem file differs from it. `kept`: those that an earlier try, or a deployment that is rolled
 * back, has deleted, and whose variables are kept.
 */
export type Restarting = WhatRuns & { file?: EcosystemRead; kept?: string[] }

/** What the book says of it. */
export interface RestartOptions {
  process: string
  ecosystem?: string | undefined
  ecosystemEnv?: string | undefined
  how?: 'restart' | 'reload' | 'anew' | undefined
  updateEnv: boolean
  env?: Readonly<Record<string, Text>> | undefined
  timeout?: number | undefined
}

export const whatDiffers = async (
  look: Look,
  ran: WhatRuns,
  { process, ecosystem, ecosystemEnv, env: own, updateEnv }: RestartOptions,
): Promise<Restarting> => {
  if (!ecosystem) return ran
  const { runs, home } = await pm2Daemon(look)
  const file = await readEcosystem(look, { runs }, { process, ecosystem, ecosystemEnv, env: own })
  // What the book gives it goes before the file.
  const over = new Set([...Object.keys(own ?? {}), ...(updateEnv ? variablesOfBook(look.env) : [])])
  const differs = file.differs.filter(({ kind, what }) => !kind.endsWith('variable') || !over.has(what))
  const kept: string[] = []
  for (const name of [...(ran.known ? [] : [process]), ...startedWith(file)])
    if ((await look.attempt(reads('test', '-e', keptVariables(home, name)))).ok) kept.push(name)
  return { ...ran, file: { ...file, differs }, kept }
}

export const restartActions = (
  seen: Restarting,
  verb: 'restart' | 'reload',
  env: Environment,
  options: RestartOptions,
): Actions => {
  const { known, waits, daemon, pids, file, kept = [] } = seen
  const { process, ecosystem, how, updateEnv, env: own, timeout } = options
  const limit = { instances: pids.length, timeout }
  const chosen = options.ecosystemEnv ?? file?.chosen ?? ''
  const withEnv = chosen ? ['--env', chosen] : []
  const others = ecosystem && file ? othersWith(ecosystem, file, kept, { limit, env, chosen }) : {}
  if (file && isToEnd(file)) return { ...(known && { end: endsForGood(limit, process) }), ...others }
  // What has no environment of its own yet gets the book's; a daemon, which is everybody's, does not.
  const given = { variables: variablesOfBook(env), env: own }
  const start = ecosystem && asksPm2(limit, ['start', ecosystem, '--only', process, ...withEnv], given)
  const ping = daemon === 0 && { daemon: asksPm2(limit, ['ping']) }
  if (start && known && how === 'anew')
    return { forget: asksPm2(limit, ['delete', process]), start, ...others }
  const differs = file?.differs ?? []
  const way = wayOf(differs)
  if (ecosystem && (known ? way === 'anew' : kept.includes(process))) {
    const dropped = differs.flatMap(({ kind, what }) => (kind === 'no-variable' ? [what] : []))
    return { ...ping, anew: startsAnew(limit, { process, ecosystem, chosen, dropped }, given), ...others }
  }
  if (start && !known) return { ...ping, start, ...others }
  const wanted = instancesWanted(differs)
  return {
    ...(wanted !== undefined && { scale: asksPm2(limit, ['scale', process, String(wanted)]) }),
    ...(waits && { stop: asksPm2(limit, ['stop', process]) }),
    // From the file a process is restarted with what that says, and without what pm2 is called with.
    ...(way === 'restart' &&
      ecosystem && { apply: asksPm2(limit, [verb, ecosystem, '--only', process, ...withEnv], given) }),
    ...((way !== 'restart' || updateEnv || own) && {
      [waits ? 'restart' : verb]: byName(waits ? 'restart' : verb, limit, env, options),
    }),
    ...others,
  }
}

const byName = (
  verb: 'restart' | 'reload',
  limit: Pm2Limit,
  env: Environment,
  { process, updateEnv, env: own }: RestartOptions,
) => {
  // A reload that was killed locks every other out for half a minute, just when one wants back. Runs exclude each
  // other by their own lock.
  const anyway = verb === 'reload' ? ['--force'] : []
  const given = updateEnv || own ? ['--update-env'] : []
  return asksPm2(limit, [verb, process, ...anyway, ...given], {
    variables: updateEnv ? variablesOfBook(env) : [],
    env: own,
  })
}

/** The further apps of the file that came with the revision, and those that went. */
const othersWith = (
  ecosystem: string,
  file: EcosystemRead,
  kept: readonly string[],
  { limit, env, chosen }: { limit: Pm2Limit; env: Environment; chosen: string },
): Actions => {
  const given = { variables: variablesOfBook(env) }
  const start = (name: string) =>
    kept.includes(name)
      ? startsAnew(limit, { process: name, ecosystem, chosen, dropped: [] }, given)
      : asksPm2(limit, ['start', ecosystem, '--only', name, ...(chosen ? ['--env', chosen] : [])], given)
  return {
    ...Object.fromEntries(startedWith(file).map((name) => [`start ${name}`, start(name)])),
    ...Object.fromEntries(endedWith(file).map((name) => [`end ${name}`, endsForGood(limit, name)])),
  }
}
