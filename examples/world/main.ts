import { mkdir, readdir, realpath } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Interrupted, interruption } from './interruption.ts'
import { identify } from './processes.ts'
import { raise, type World } from './raise.ts'
import { createRecord, type WorldRecord, writeRecord } from './record.ts'
import { lumiku } from './scenarios/lumiku.ts'
import { prisma } from './scenarios/prisma.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { builtFor, removeWorld, takeDown } from './take-down.ts'

const scenarios: Record<string, Scenario> = { lumiku, prisma }

const usage = `usage: npm run --silent world -- up   --dir <empty folder> [--scenario ${Object.keys(scenarios).join('|')}]
       npm run --silent world -- down --dir <folder> [--delete]`

class UsageError extends Error {}

const startedAt = Date.now()
const say = (line: string) =>
  console.error(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`)

async function main(): Promise<void> {
  const { positionals, values } = readArguments()
  if (values.help) return console.log(usage)
  const [verb, ...rest] = positionals
  if (!values.dir || rest.length > 0) throw new UsageError(usage)
  const dir = resolve(values.dir)
  if (verb === 'up' && !values.delete) return up(dir, findScenario(values.scenario))
  if (verb === 'down') return down(dir, values.delete)
  throw new UsageError(usage)
}

async function up(given: string, scenario: Scenario): Promise<void> {
  const dir = await emptyFolder(given)
  const interrupted = interruption()
  const record = await claim(dir, scenario)
  process.env[builtFor] = dir
  console.error(`Raising the world of ${scenario.name} in ${dir}`)
  let world: World
  try {
    world = await raise(dir, scenario, record, interrupted, say)
    interrupted.throwIfAborted()
    await writeRecord(dir, { ...record, state: 'up' })
  } catch (error) {
    say(interrupted.aborted ? `interrupted (${interrupted.reason.message})` : 'failed')
    await takeDown(dir)
    say(`what had been started has ended; remove the files with: ${command('down', dir)} --delete`)
    throw error
  }
  say(`up; end it with: ${command('down', dir)}`)
  console.log(JSON.stringify(world))
}

async function down(given: string, remove: boolean): Promise<void> {
  const dir = await realpath(given).catch(() => given)
  if (!(await takeDown(dir))) return console.error(`There is no world in ${dir}`)
  if (remove) await removeWorld(dir)
  console.error(
    remove
      ? `The world in ${dir} is down and removed`
      : `The world in ${dir} is down; its files are still there`,
  )
}

async function emptyFolder(given: string): Promise<string> {
  if (given.includes(delimiter))
    throw new UsageError(`${given} cannot stand in a PATH, because of its ${delimiter}`)
  await mkdir(given, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' || error.code === 'ENOTDIR') throw new UsageError(`${given} is not a folder`)
    throw error
  })
  if ((await readdir(given)).length > 0) throw notEmpty(given)
  return realpath(given)
}

async function claim(dir: string, scenario: Scenario): Promise<WorldRecord> {
  const builder = identify(process.pid) ?? { pid: process.pid, started: '' }
  const record: WorldRecord = { scenario: scenario.name, state: 'raising', builder, ports: {} }
  await createRecord(dir, record).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? notEmpty(dir) : error
  })
  return record
}

const notEmpty = (dir: string) =>
  new UsageError(`${dir} is not empty: a world is raised in a new or an empty folder`)

function readArguments() {
  const options = {
    dir: { type: 'string' },
    scenario: { type: 'string', default: 'lumiku' },
    delete: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  } as const
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    // Node's advice on arguments that start with a dash, after the first sentence, helps nobody here.
    const sentence = error instanceof Error ? error.message.split('. ')[0] : error
    throw new UsageError(`${sentence}\n${usage}`)
  }
}

function findScenario(name: string): Scenario {
  const scenario = scenarios[name]
  if (!scenario)
    throw new UsageError(`there is no scenario ${name}; there is: ${Object.keys(scenarios).join(', ')}`)
  return scenario
}

const command = (verb: string, dir: string) =>
  `npm run --silent world -- ${verb} --dir '${dir.replaceAll("'", "'\\''")}'`

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 2
  return error instanceof Interrupted ? error.exitStatus : 1
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Interrupted)) console.error(error instanceof Error ? error.message : error)
  process.exitCode = statusOf(error)
}
