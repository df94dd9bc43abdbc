import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import pg from 'pg'
import { findProcesses, inspect } from '../../examples/world/processes.ts'
import type { World } from '../../examples/world/raise.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = ['--import', 'tsx', 'examples/world/main.ts']

/** The world's command line, as a process that the caller may wait for or interrupt. */
export const worldCommand = (...args: string[]) =>
  execa(process.execPath, [...main, ...args], { cwd: root, reject: false, stdin: 'ignore' })

/** Raises a world in a folder that does not exist yet. */
export const raiseWorld = async (dir: string, scenario = 'lumiku'): Promise<World> => {
  const { stdout, stderr, exitCode } = await worldCommand('up', '--dir', dir, '--scenario', scenario)
  if (exitCode !== 0) throw new Error(`world up ended with ${exitCode}:\n${stderr}`)
  return JSON.parse(stdout)
}

const roots: string[] = []
const worlds: string[] = []

/**
 * A place for a world, with a space in its path. Unless it is private, everyone can reach it, PostgreSQL's user too.
 */
export const freshPlace = async (name: string, { isPrivate = false } = {}): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'runbook-world-'))
  roots.push(root)
  await chmod(root, isPrivate ? 0o700 : 0o755)
  worlds.push(join(root, `world ${name}`))
  return join(root, `world ${name}`)
}

/** Takes down and removes every world that was given a place here, whatever state it is in. */
export const removeWorlds = async (): Promise<void> => {
  await Promise.all(worlds.map((dir) => worldCommand('down', '--dir', dir, '--delete')))
  await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })))
}

/** Every living process that has to do with the folder: by its arguments, its environment or where it works. */
export const processesOf = async (dir: string): Promise<string[]> => {
  const record = JSON.parse(await readFile(join(dir, 'world.json'), 'utf8'))
  const folders = [dir, record.postgres?.home ?? dir, record.pm2?.home ?? dir]
  const about = (pid: number) =>
    [
      inspect.command(pid),
      inspect.cwd(pid),
      ...inspect.env(pid).filter((line) => !line.startsWith('PATH=')),
    ].join('\n')
  const found = findProcesses((pid) => folders.some((folder) => about(pid).includes(folder)))
  return found.map(({ pid }) => `${pid} ${inspect.command(pid)}`)
}

/** Rows of one statement. */
export const query = async (connectionString: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** What an operator types, with the operator's variables. */
export const operator =
  (world: World, cwd: string) =>
  async (file: string, args: string[], env: Record<string, string> = {}) => {
    const { exitCode, stdout, all } = await execa(file, args, {
      cwd,
      env: { ...world.env, ...env },
      all: true,
      reject: false,
      stdin: 'ignore',
    })
    return { exitCode, stdout, all: all ?? '' }
  }
