import { randomBytes } from 'node:crypto'
import { delimiter, join } from 'node:path'
import { type Cluster, placeCluster, startCluster } from './cluster.ts'
import { connected, createDatabase, createRole, hostilePassword, type Role, urlOf } from './databases.ts'
import { copyBook, createClones, installAndBuild, startEnvironment, writeSettings } from './environments.ts'
import { placePm2, plainPath, pm2Processes, writePm2 } from './pm2.ts'
import { freePort } from './ports.ts'
import { type WorldRecord, writeRecord } from './record.ts'
import type { Access, EnvironmentPlan, Scenario } from './scenarios/scenario.ts'

export type WorldEnvironment = {
  dir: string
  branch: string
  url: string
  database: string
  databaseUrl: string
  token: string
  /** Its name in pm2, or null where nothing runs. */
  process: string | null
}

/** What `up` prints. */
export type World = {
  scenario: string
  dir: string
  book: string
  url: string
  databaseUrl: string
  env: Record<string, string>
  revisions: { broken: string; fixed: string }
  environments: Record<string, WorldEnvironment>
  /** Of the superuser; for tests and the curious, the application does not know it. */
  adminUrl: string
}

/** Builds a world in an empty folder; what it starts is in the record before it starts. */
export async function raise(
  dir: string,
  scenario: Scenario,
  record: WorldRecord,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<World> {
  const postgres = { home: await placeCluster(join(dir, 'postgres')) }
  const pm2Home = await placePm2(dir)
  Object.assign(record, { postgres, pm2: { home: pm2Home, processes: [] } })
  await writeRecord(dir, record)

  // The first failure ends the other half too; both have come to rest before anything is taken down.
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const half = <T>(work: Promise<T>) => {
    work.catch((error) => failed.abort(error))
    return work
  }
  const halves = [
    half(raiseDatabases(dir, scenario, record, either, say)),
    half(raiseClones(dir, scenario, either, say)),
  ] as const
  await Promise.allSettled(halves)
  signal.throwIfAborted()
  if (failed.signal.aborted) throw failed.signal.reason
  const [{ cluster, role, tokens }, revisions] = await Promise.all(halves)

  const pm2 = await writePm2(join(dir, 'bin'), pm2Home)
  const environments: Record<string, WorldEnvironment> = {}
  for (const plan of scenario.environments) {
    signal.throwIfAborted()
    const accessOn = (port: number): Access => ({
      url: `http://127.0.0.1:${port}`,
      databaseUrl: urlOf(role, cluster.port, plan.database),
      token: tokens[plan.name] ?? '',
    })
    const { name, branch, database, process } = plan
    let access: Access
    if (process) {
      const running = { ...plan, process }
      access = await startEnvironment({
        dir,
        pm2Home,
        pm2,
        scenario,
        plan: running,
        accessOn,
        revision: revisions.broken,
        signal,
      })
      say(`${process} runs the broken revision at ${access.url}`)
    } else {
      access = accessOn(await freePort())
      await writeSettings(dir, scenario, plan, access)
    }
    record.ports[name] = Number(new URL(access.url).port)
    environments[name] = { dir: join(dir, name), branch, database, ...access, process: process ?? null }
  }
  await copyBook(dir, scenario)
  record.pm2 = { home: pm2Home, processes: pm2Processes(pm2Home) }
  return describe(dir, scenario, cluster, pm2Home, revisions, environments)
}

async function raiseDatabases(
  dir: string,
  scenario: Scenario,
  record: WorldRecord,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<{ cluster: Cluster; role: Role; tokens: Record<string, string> }> {
  const cluster = await startCluster({ dir: record.postgres?.home ?? join(dir, 'postgres'), signal })
  record.postgres = { home: cluster.home, port: cluster.port, process: cluster.process }
  await writeRecord(dir, record)
  say(`PostgreSQL listens on 127.0.0.1:${cluster.port}`)
  const role = { name: scenario.name, password: hostilePassword() }
  const tokens: Record<string, string> = {}
  await connected(cluster.adminUrl, async (admin) => {
    await createRole(admin, role)
    for (const plan of scenario.environments) {
      signal.throwIfAborted()
      await createDatabase(admin, plan.database, role)
      tokens[plan.name] = `${scenario.name}_${randomBytes(18).toString('base64url')}`
      const rows = await fill(
        scenario,
        plan,
        urlOf(role, cluster.port, plan.database),
        tokens[plan.name] ?? '',
      )
      say(`database ${plan.database} has ${rows} rows`)
    }
  })
  return { cluster, role, tokens }
}

function fill(scenario: Scenario, plan: EnvironmentPlan, url: string, token: string): Promise<number> {
  return connected(url, (client) => scenario.fill(client, plan, token))
}

async function raiseClones(
  dir: string,
  scenario: Scenario,
  signal: AbortSignal,
  say: (line: string) => void,
) {
  const revisions = await createClones(dir, scenario, signal)
  say(`git remote at ${short(revisions.fixed)}, the clones at ${short(revisions.broken)}`)
  await installAndBuild(dir, scenario, signal)
  say(`${scenario.environments.map(({ name }) => name).join(', ')} are installed and built`)
  return revisions
}

function describe(
  dir: string,
  scenario: Scenario,
  cluster: Cluster,
  pm2Home: string,
  revisions: World['revisions'],
  environments: World['environments'],
): World {
  const first = environments[scenario.environments[0].name]
  const addresses = Object.fromEntries(
    Object.entries(environments).map(([name, { url }]) => [scenario.address(name), url]),
  )
  if (!first) throw new Error('a scenario has at least one environment')
  const { url, databaseUrl } = first
  const path = [join(dir, 'bin'), cluster.bin, plainPath()].join(delimiter)
  return {
    scenario: scenario.name,
    dir,
    book: join(dir, 'runbook.config.ts'),
    url,
    databaseUrl,
    env: { PATH: path, PM2_HOME: pm2Home, ...scenario.secrets(first), ...addresses },
    revisions,
    environments,
    adminUrl: cluster.adminUrl,
  }
}

const short = (commit: string) => commit.slice(0, 10)
