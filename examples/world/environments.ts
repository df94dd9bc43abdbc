import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deleteProgram, startProgram } from './pm2.ts'
import { freePort } from './ports.ts'
import { clone, createRemote, publish } from './remote.ts'
import { run } from './run.ts'
import type { Access, EnvironmentPlan, Revision, Scenario } from './scenarios/scenario.ts'

/** `fixed`: the head of the remote; the broken one where the scenario has no fix. */
export type Revisions = { broken: string; fixed: string }

/** Makes `remote.git` and a clone for each environment at the broken revision; then the fix reaches the remote. */
export async function createClones(dir: string, scenario: Scenario, signal: AbortSignal): Promise<Revisions> {
  const remote = join(dir, 'remote.git')
  const drafts = join(dir, '.drafts')
  const branches = [...new Set(scenario.environments.map(({ branch }) => branch))]
  await createRemote(remote, branches[0] ?? 'main', signal)
  const commits: string[] = []
  const commit = async (revision: Revision) => {
    const files = join(drafts, String(commits.length))
    await copyApp(scenario.app, files)
    await revision.edit?.(files)
    commits.push(await publish(remote, branches, { files, ...revision }, commits.at(-1), signal))
  }
  for (const revision of scenario.history) await commit(revision)
  const broken = commits.at(-1)!
  await Promise.all(
    scenario.environments.map(({ name, branch }) => clone(remote, branch, join(dir, name), signal)),
  )
  if (scenario.fixed) await commit(scenario.fixed)
  await rm(drafts, { recursive: true })
  return { broken, fixed: commits.at(-1)! }
}

/** Installs and builds in the first environment and copies the result to the others, which are at the same revision. */
export async function installAndBuild(dir: string, scenario: Scenario, signal: AbortSignal): Promise<void> {
  const [first, ...others] = scenario.environments.map(({ name }) => join(dir, name, scenario.packages))
  if (!first) return
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  await run(['npm', 'ci', '--prefer-offline', '--ignore-scripts', ...quiet], {
    cwd: first,
    env: process.env,
    signal,
  })
  await run(['npm', 'run', 'build', '--loglevel=error'], { cwd: first, env: process.env, signal })
  for (const other of others) {
    // Links: npm replaces its folder whole, and never writes into a file of it.
    await run(['cp', '-al', join(first, 'node_modules'), other], { signal })
    await run(['cp', '-a', join(first, scenario.built), other], { signal })
  }
}

/** Copies what stands beside the application in the scenario's folder: the book and its files. */
export async function copyBook(dir: string, { app, book }: Scenario): Promise<void> {
  await cp(book, dir, { recursive: true, filter: (source) => source !== app && isSource(source) })
}

/** Writes the application's settings and, beside the book, the operator's secrets. */
export async function writeSettings(
  dir: string,
  scenario: Scenario,
  plan: EnvironmentPlan,
  access: Access,
): Promise<void> {
  const settings = scenario.settings(access, Number(new URL(access.url).port))
  await writeFile(join(dir, plan.name, scenario.packages, '.env'), toEnvFile(settings), { mode: 0o600 })
  if (plan.name !== scenario.environments[0].name)
    await writeFile(join(dir, `.env.${plan.name}`), toEnvFile(scenario.secrets(access)), { mode: 0o600 })
}

export type Start = {
  dir: string
  pm2Home: string
  pm2: string
  scenario: Scenario
  plan: EnvironmentPlan & { process: string }
  /** How it is reached on a given port. */
  accessOn: (port: number) => Access
  revision: string
  signal: AbortSignal
}

/** Starts an environment's program on a free port and waits until it shows what is broken. */
export async function startEnvironment(start: Start): Promise<Access> {
  const { dir, pm2Home, pm2, scenario, plan, signal } = start
  const errorLog = join(pm2Home, 'logs', `${plan.process}-error.log`)
  for (let attempt = 1; ; attempt += 1) {
    const access = start.accessOn(await freePort())
    await writeSettings(dir, scenario, plan, access)
    await startProgram(pm2, join(dir, plan.name, scenario.ecosystem), plan.process)
    const problem = await waitUntilBroken(start, access, errorLog)
    if (!problem) return access
    signal.throwIfAborted()
    if (attempt === 5 || !problem.includes('EADDRINUSE')) throw new Error(problem)
    await deleteProgram(pm2, plan.process)
    await rm(errorLog, { force: true })
  }
}

async function waitUntilBroken(
  { scenario, plan, revision, signal }: Start,
  access: Access,
  errorLog: string,
): Promise<string | undefined> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline) {
    if (await scenario.isBroken(access, revision).catch(() => false)) return undefined
    const log = await readFile(errorLog, 'utf8').catch(() => '')
    if (/does not start/.test(log)) return `${plan.process} does not start:\n${log}`
    await sleep(30, undefined, { signal })
  }
  return `${plan.process} did not answer as expected within 20 s at ${access.url}; its error log is ${errorLog}`
}

async function copyApp(app: string, files: string): Promise<void> {
  await mkdir(files, { recursive: true })
  await cp(app, files, { recursive: true, filter: isSource })
}

function isSource(path: string): boolean {
  return !['node_modules', 'dist', 'generated', '.env', '.runbook', '.git'].includes(basename(path))
}

function toEnvFile(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
