import { type Daemon, listed } from '../../checks/reading/pm2-instances.ts'
import { type Look, plainVariables, reads, type Text } from '../../runbook/index.ts'
import { incomingObjects } from '../code/incoming-objects.ts'
import { COMPARE } from './compare-ecosystem.ts'

/** How an app of the ecosystem file differs from what pm2 runs. Of variables and arguments only the name is told. */
export type Difference = {
  /** `no-…`: the file no longer says it. `option`: any other key of the file, which differs from the previous revision's. */
  kind: string
  what: string
  from?: string
  to?: string
}

export type EcosystemRead = {
  /** Why it could not be read. */
  why?: string
  /** The names of its apps. */
  names: string[]
  /** Which of its `env_…` the process runs with, as by `pm2 start --env production`; '' where none. */
  chosen: string
  /** Whether the process is one of them. */
  has: boolean
  differs: Difference[]
  /** The names of the variables that the process has. */
  variables: string[]
  /** Further apps that came with this revision and that pm2 does not run, and such that went and that it does. */
  more: string[]
  fewer: string[]
  /** pm2 runs every app that the file had before: this host is for all of it. */
  whole: boolean
  /** The processes that run in the application's folder. */
  own: string[]
  /** The code goes to an older revision, in which an app may not be there yet. */
  back: boolean
}

/** What it may read in its variables, besides the little that pm2 itself gets. */
export interface EcosystemVariables {
  env?: Readonly<Record<string, Text>> | undefined
  /** Which of the file's `env_…` are taken; '' for none. Default: those that it runs with. */
  ecosystemEnv?: string | undefined
}

/**
 * Evaluates the ecosystem file, as it is in the revision that is deployed, and compares. Before the code is moved it is
 * read from the revision, with what stands beside it now.
 */
export const readEcosystem = async (
  look: Look,
  daemon: Pick<Daemon, 'runs'>,
  { process, ecosystem, ecosystemEnv, env }: { process: string; ecosystem: string } & EcosystemVariables,
): Promise<EcosystemRead> => {
  const { code, before } = await versionsOf(look, ecosystem)
  // The variables of other applications are nobody's business here.
  const list = (await listed(daemon, look)).map((one) =>
    one.name === process
      ? one
      : { name: one.name, pm2_env: { pm_cwd: one.pm2_env.pm_cwd, pm_exec_path: one.pm2_env.pm_exec_path } },
  )
  const input = JSON.stringify({
    list,
    ...(code !== undefined && { code }),
    ...(before !== undefined && { before }),
  })
  const compare = (guard: readonly string[]) =>
    look.attempt({
      ...reads('node', ...guard, '-e', COMPARE, '--', ecosystem, process, chosenWord(ecosystemEnv)),
      ...{ input, shows: 'what pm2 lists', timeout: 30_000 },
      outlives: Object.keys(plainVariables(look.env)),
      ...(env && { env }),
    })
  let asked = await compare(code === undefined ? [] : GUARDS[0])
  // node calls it otherwise in its newer versions; one that has neither runs nothing.
  if (code !== undefined && !asked.ok) asked = await compare(GUARDS[1])
  const none: EcosystemRead = {
    ...{
      names: [],
      chosen: '',
      has: false,
      differs: [],
      variables: [],
      more: [],
      fewer: [],
      whole: false,
      own: [],
    },
    back: await goesBack(look),
  }
  if (!asked.ok)
    return {
      ...none,
      why: 'tail' in asked.failure ? String(asked.failure.tail).split('\n')[0]! : asked.failure.kind,
    }
  try {
    const answer = JSON.parse(asked.value) as Partial<EcosystemRead>
    return { ...none, ...answer }
  } catch {
    return { ...none, why: 'node printed no answer' }
  }
}

/** The file in the revisions that a run goes to and from; undefined where it is the one on the disk, or there is none. */
const versionsOf = async (look: Look, ecosystem: string): Promise<{ code?: string; before?: string }> => {
  const { revision } = look
  if (!revision) return {}
  const prefix = await look.attempt(reads('git', 'rev-parse', '--show-prefix'))
  const head = await look.attempt(reads('git', 'rev-parse', 'HEAD'))
  if (!prefix.ok || !head.ok) return {}
  const path = `${prefix.value}${ecosystem.replace(/^\.\//, '')}`
  const at = async (commit: string): Promise<string | undefined> => {
    if (commit === head.value && commit === revision.to) return undefined
    const env = commit === head.value ? {} : await incomingObjects(look, commit)
    const read = await look.attempt({ ...reads('git', 'cat-file', 'blob', `${commit}:${path}`), env })
    return read.ok ? read.value : undefined
  }
  const code = await at(revision.to)
  const before = revision.from === revision.to ? undefined : await at(revision.from)
  return { ...(code !== undefined && { code }), ...(before !== undefined && { before }) }
}

const chosenWord = (chosen: string | undefined): string => (chosen === undefined ? '' : chosen || '-')

/** What is not deployed yet is evaluated so that it can write no file and start no program: nobody has said yes to it. */
const GUARDS = [
  ['--permission', '--allow-fs-read=*'],
  ['--experimental-permission', '--allow-fs-read=*'],
] as const

const goesBack = async ({ revision, attempt }: Look): Promise<boolean> => {
  if (!revision || revision.from === revision.to) return false
  return (await attempt(reads('git', 'merge-base', '--is-ancestor', revision.to, revision.from))).ok
}

/** The further apps that are started and ended with it: where this host is for the whole file, and none of another application. */
export const startedWith = ({ more, whole }: EcosystemRead): string[] => (whole ? more : [])
export const endedWith = ({ fewer, own }: EcosystemRead): string[] =>
  fewer.filter((name) => own.includes(name))
