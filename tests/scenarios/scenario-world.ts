import { spawn } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { spawn as spawnInTerminal } from '@lydell/node-pty'
import { execa } from 'execa'
import { columnsAdded } from '../../examples/lumiku/avatars.ts'
import type { World } from '../../examples/world/raise.ts'
import { freshPlace, query, raiseWorld } from '../examples/raise-world.ts'
import { commandLine, until } from '../rig/command-line.ts'
import { git as gitIn, snapshotOf } from '../rig/git-remote.ts'

export const projects = '/api/apps/avatar-creator/projects'
export const migration = 'backend/migrations/20251014_avatar_creator.sql'

export interface Ended {
  exit: number | null
  out: string
  err: string
}
export interface Call {
  /** Over the operator's variables; undefined takes one away. */
  env?: Record<string, string | undefined>
  cwd?: string
}

/** A world, and the built command line called in it as its operator does. */
export const scenarioWorld = async (name: string) => {
  const cli = await commandLine()
  const world = await raiseWorld(await freshPlace(name))
  const production = join(world.dir, 'production')
  const pristine = join(world.dir, 'pristine')
  await cp(join(production, 'backend/dist'), pristine, { recursive: true })
  const sql = (statement: string) => query(world.databaseUrl, statement)
  const git = (...args: string[]) => gitIn(production, ...args)

  const start = (args: readonly string[], { env, cwd = world.dir }: Call = {}) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd,
      env: operatorVariables(world, env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      printed.err += text
    })
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (exit) => resolve({ exit, ...printed }))
    })
    return { child, printed, ended }
  }

  /** The same on a terminal. */
  const onTerminal = (args: readonly string[], { env, cwd = world.dir }: Call = {}) => {
    const variables = operatorVariables(world, { TERM: 'xterm-256color', ...env })
    const size = { cols: 120, rows: 40 }
    const pty = spawnInTerminal(process.execPath, [cli, ...args], { cwd, ...size, env: variables })
    const printed = { all: '' }
    pty.onData((text) => {
      printed.all += text
    })
    /** What was printed, without what moves the cursor and paints. */
    const text = () => stripVTControlCharacters(printed.all).replaceAll('\r', '')
    const shows = async (words: string): Promise<void> => {
      // A whole deployment may lie before these words, on a machine that does much else.
      for (const began = performance.now(); !text().includes(words); await sleep(20))
        if (performance.now() - began > 120_000)
          throw new Error(`'${words}' is not on the terminal: ${text().slice(-1000)}`)
    }
    return {
      printed,
      text,
      type: (keys: string) => pty.write(keys),
      shows,
      /** Agrees to the rehearsal, and waits for the question that wants the name. */
      rehearsed: async () => {
        await shows('What is live is compared with before.')
        pty.write('y\r')
        await shows('type its name to go on')
      },
      ended: new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode))),
    }
  }

  /** A request with the operator's token. */
  const call = async (method: string, path: string, json?: unknown) => {
    const answer = await fetch(world.url + path, {
      method,
      headers: { authorization: `Bearer ${world.env.LUMIKU_TOKEN}` },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : undefined }
  }

  /** The revision that the running application says it is; nothing where nobody answers. */
  const running = async (): Promise<string | undefined> =>
    fetch(`${world.url}/health`)
      .then(async (answer) => ((await answer.json()) as { revision: string }).revision)
      .catch(() => undefined)

  const columns = async (): Promise<number> => {
    const [counted] = await sql(
      `SELECT count(*)::int AS columns FROM information_schema.columns WHERE table_name = 'avatars'`,
    )
    return counted!.columns as number
  }

  /** Changes files on top of the fix, and pushes that; gives the commit's id. */
  const publish = async (edits: Record<string, (content: string) => string>, branch = 'main') => {
    const desk = join(world.dir, 'desk')
    await rm(desk, { recursive: true, force: true })
    gitIn(world.dir, 'clone', '--quiet', join(world.dir, 'remote.git'), desk)
    gitIn(desk, 'reset', '--quiet', '--hard', world.revisions.fixed)
    for (const [path, edit] of Object.entries(edits)) {
      const before = await readFile(join(desk, path), 'utf8')
      const after = edit(before)
      if (after === before) throw new Error(`the edit of ${path} changes nothing`)
      await writeFile(join(desk, path), after)
    }
    if (Object.keys(edits).length) gitIn(desk, 'commit', '--quiet', '--all', '--message', 'Change it further')
    gitIn(desk, 'push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`)
    return gitIn(desk, 'rev-parse', 'HEAD')
  }

  return {
    ...world,
    production,
    sql,
    git,
    start,
    runbook: (args: readonly string[], options?: Call) => start(args, options).ended,
    onTerminal,
    call,
    running,
    columns,
    publish,
    /** Another book in the same folder, made from the real one: the options that name it. */
    bookWith: async (file: string, change: (book: string) => string) => {
      await writeFile(join(world.dir, file), change(await readFile(world.book, 'utf8')))
      return ['--config', join(world.dir, file)]
    },
    /** Remembers everything that a deployment of production could change; what the function gives has changed since. */
    watch: async (): Promise<() => Promise<string[]>> => {
      const look = async (): Promise<Record<string, string>> => ({
        ...snapshotOf(production),
        columns: String(await columns()),
        revision: String(await running()),
        projects: JSON.stringify(await sql('SELECT count(*) FROM avatar_projects')),
      })
      const before = await look()
      return async () => {
        const after = await look()
        const names = new Set([...Object.keys(before), ...Object.keys(after)])
        return [...names].filter((name) => before[name] !== after[name])
      }
    },
    /** Production as it was when the world was raised, and the fix at the head of the remote. */
    reset: async () => {
      await publish({})
      git('checkout', '--quiet', '--force', 'main')
      git('reset', '--quiet', '--hard', world.revisions.broken)
      const backend = join(production, 'backend')
      for (const path of ['dist', 'node_modules/.cache'])
        await rm(join(backend, path), { recursive: true, force: true })
      await cp(pristine, join(backend, 'dist'), { recursive: true })
      const drops = Object.keys(columnsAdded).map((column) => `DROP COLUMN IF EXISTS "${column}"`)
      await sql(`ALTER TABLE avatars ${drops.join(', ')}`)
      await makeAnewWhereUsedUp(world)
      await rm(join(world.dir, '.runbook'), { recursive: true, force: true })
      // What runs have left in the clone, too: the ledger, the marks of git's own moves, what was put aside.
      const left = ['.git/runbook', '.git/RUNBOOK_MOVE', '.git/RUNBOOK_BUILT', '.runbook-aside']
      for (const path of [...left, 'backend/.runbook-aside'])
        await rm(join(production, path), { recursive: true, force: true })
      if ((await running()) === world.revisions.broken) return
      await execa('pm2', ['restart', 'lumiku-backend'], { env: operatorVariables(world), extendEnv: false })
      await until(async () => (await running()) === world.revisions.broken, 'the broken revision runs again')
    },
  }
}
export type ScenarioWorld = Awaited<ReturnType<typeof scenarioWorld>>

/** A dropped column is never given back: a table can have had 1600 of them, which is not a hundred deployments. */
const makeAnewWhereUsedUp = async (world: World): Promise<void> => {
  const numbers = `SELECT max(attnum) AS last FROM pg_attribute WHERE attrelid = 'avatars'::regclass`
  const [used] = await query(world.databaseUrl, numbers)
  if (Number(used!.last) < 500) return
  const asOperator = { env: operatorVariables(world), extendEnv: false }
  const { stdout: input } = await execa('pg_dump', ['--clean', '--if-exists', world.databaseUrl], asOperator)
  const atOnce = [
    '--quiet',
    '--no-psqlrc',
    '--single-transaction',
    '--set=ON_ERROR_STOP=1',
    world.databaseUrl,
  ]
  await execa('psql', atOnce, { ...asOperator, input })
}

/**
 * The options that name a copy of the book for many runs on a machine that does much else: a restart is watched for half a
 * second, and the API may take its time.
 */
export const bookForManyRuns = async ({ book, bookWith }: ScenarioWorld): Promise<string[]> => {
  const apiTests = await readFile(join(dirname(book), 'api-tests.ts'), 'utf8')
  await writeFile(
    join(dirname(book), 'patient-api-tests.ts'),
    apiTests.replaceAll('within: 200', 'within: 20_000'),
  )
  return bookWith('many-runs.config.ts', (text) =>
    text
      .replace('updateEnv: false', 'soak: 500, updateEnv: false')
      .replace('./api-tests.ts', './patient-api-tests.ts'),
  )
}

/** Drops the databases that restores have replaced. */
export const dropKept = async ({ adminUrl }: ScenarioWorld): Promise<void> => {
  const kept = `SELECT datname FROM pg_database WHERE datname LIKE 'Lumiku-Production\\_%'`
  for (const { datname } of await query(adminUrl, kept))
    await query(adminUrl, `DROP DATABASE "${datname}" WITH (FORCE)`)
}

/** What a login shell would have, and what an operator has set; nothing of the test runner's. */
const operatorVariables = ({ env }: World, more: Call['env'] = {}): Record<string, string> => {
  const { HOME, USER, LOGNAME, LANG, TMPDIR, XDG_CACHE_HOME } = process.env
  const all = Object.entries({ HOME, USER, LOGNAME, LANG, TMPDIR, XDG_CACHE_HOME, ...env, ...more })
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}
