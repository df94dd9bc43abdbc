// First contact: a broken production, the guide that mends it and its way back, performed by the real command line.
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { Listr, PRESET_TIMER } from 'listr2'
import { type Curl, createsProject } from './demo/curl.ts'
import {
  commandLine,
  keepTranscripts,
  latestTranscript,
  quoted,
  root,
  writePlayground,
} from './demo/playground.ts'
import { ProgramFailed, Programs } from './demo/programs.ts'
import { type Act, type Tale, tales } from './demo/tales.ts'
import { type Interrupted, interruption } from './world/interruption.ts'
import type { World } from './world/raise.ts'
import { removeWorld, takeDown } from './world/take-down.ts'

const colors = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'cyan', text: string): string =>
  colors ? styleText(style, text, { validateStream: false }) : text
const say = (...lines: string[]) => console.log(lines.join('\n'))

const demo = async ({ scenario, keep }: Wanted): Promise<number> => {
  const tale = tales[scenario]!
  const interrupted = interruption()
  const dir = await mkdtemp(join(tmpdir(), 'runbook-demo-'))
  // PostgreSQL's own user must get through; what is secret in it is its owner's alone.
  await chmod(dir, 0o755)
  let exit = 1
  try {
    exit = await story(dir, { scenario, ...tale }, new Programs(interrupted), interrupted)
  } catch (error) {
    if (!interrupted.aborted) say('', error instanceof ProgramFailed ? error.message : String(error))
  }
  if (interrupted.aborted) {
    say('', 'Interrupted: taking everything down …')
    await takeDown(dir)
    await removeWorld(dir)
    return (interrupted.reason as Interrupted).exitStatus
  }
  // Ctrl-C at a question of runbook's reaches runbook only.
  if (keep && exit < 128) sayHowToGoOn(dir, tale)
  else {
    await takeDown(dir)
    await keepTranscripts(dir)
    await sayWhatIsLeft(dir, scenario)
  }
  return exit
}

/** Broken, deployed, works, taken back. */
const story = async (
  dir: string,
  tale: Tale & { scenario: string },
  programs: Programs,
  interrupted: AbortSignal,
): Promise<number> => {
  say(paint('bold', tale.intro), '')
  const world = await prepare(dir, tale.scenario, programs)
  interrupted.throwIfAborted()
  const create = createsProject(world.url, world.env.LUMIKU_TOKEN ?? '')

  say('', paint('bold', 'This production is broken:'))
  await show(create)

  // On a terminal the operator answers; without one the flags do.
  const asked = process.stdin.isTTY === true && process.stderr.isTTY === true
  const operate = async ({ heading, argv: given }: Act): Promise<number> => {
    const flags = given.includes('production') ? ['--confirm', 'production', '--yes'] : ['--yes']
    const argv = [...given, ...(asked ? [] : flags)]
    say('', paint('bold', heading), typed(`runbook ${argv.join(' ')}`), '')
    const options = { cwd: dir, env: { ...process.env, ...world.env } }
    const exit = await programs.onTerminal([process.execPath, commandLine, ...argv], options)
    interrupted.throwIfAborted()
    if (exit !== 0) say(paint('red', `It ended with exit ${exit}.`))
    return exit
  }

  for (const act of tale.before) {
    const exit = await operate(act)
    if (exit !== 0) return exit
  }
  const deployed = await operate({
    heading: asked ? 'You are the operator now. It will ask you to type: production' : 'The deployment:',
    argv: ['deploy', 'production'],
  })
  if (deployed !== 0) return deployed
  say('', paint('bold', 'And now:'))
  if ((await show(create)) !== 201) return 1

  const takenBack = await operate(tale.back)
  if (takenBack !== 0) return takenBack
  say('', paint('bold', tale.afterwards))
  return (await show(create)) === 500 ? 0 : 1
}

/** The tool and the world, at the same time. */
const prepare = async (dir: string, scenario: string, programs: Programs): Promise<World> => {
  const raise = ['examples/world/main.ts', 'up', '--dir', dir, '--scenario', scenario]
  const up = [process.execPath, '--import', 'tsx', ...raise]
  let raised = ''
  const errors: unknown[] = []
  const attempt = (work: Promise<unknown>) =>
    work.catch((error) => {
      errors.push(error)
      throw error
    })
  await new Listr(
    [
      {
        title: 'Build the tool',
        task: () =>
          attempt(
            programs.quietly([join(root, 'node_modules/.bin/tsdown'), '--log-level', 'error'], { cwd: root }),
          ),
      },
      {
        title: 'Raise a production: PostgreSQL, a git remote, pm2, the application',
        task: (_, task) =>
          attempt(
            programs
              .quietly(up, { cwd: root }, (line) => {
                task.output = line
              })
              .then((printed) => {
                raised = printed
              }),
          ),
      },
    ],
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { timer: PRESET_TIMER, showErrorMessage: false },
      fallbackRendererOptions: { timer: PRESET_TIMER },
    },
  ).run()
  if (errors.length) throw errors[0]
  const world: World = JSON.parse(raised)
  await writePlayground(world)
  return world
}

/** Sends a request, prints it and its answer as curl does; gives the status. */
const show = async ({ typed: command, send }: Curl): Promise<number> => {
  const { status, shown } = await send()
  const [head = '', ...body] = shown.split('\n')
  say(typed(command), paint(status === 201 ? 'green' : 'red', head), ...body)
  return status
}

const typed = (command: string): string => `${paint('dim', '$')} ${paint('cyan', command)}`

const sayWhatIsLeft = async (dir: string, scenario: string): Promise<void> => {
  const transcript = await latestTranscript(dir)
  const stateDir = quoted(join(dir, '.runbook'))
  const lines = [
    ['transcript', transcript ?? 'none'],
    ['read it', `node dist/cli.js show --verbose --state-dir ${stateDir}`],
    ['as a page', `node dist/cli.js report deploy --state-dir ${stateDir}`],
    ['the book', `examples/${scenario}/runbook.config.ts, beside its guide: examples/${scenario}/README.md`],
    ['play on', `npm run demo -- --keep${scenario === 'lumiku' ? '' : ` --scenario ${scenario}`}`],
  ]
  say(
    '',
    'Everything that was started has ended.',
    ...lines.map(([name, value]) => `  ${name!.padEnd(10)}  ${value}`),
  )
}

const sayHowToGoOn = (dir: string, { play }: Tale): void => {
  const lines = [
    ['enter it', `cd ${quoted(dir)} && . ./env.sh`],
    ['then', 'runbook show · runbook report · runbook deploy production, again · runbook verify production'],
    ['', play],
    [
      'the end',
      `npm run --silent --prefix ${quoted(root.replace(/\/$/, ''))} world -- down --dir ${quoted(dir)} --delete`,
    ],
  ]
  say('', 'The world goes on:', ...lines.map(([name, value]) => `  ${name!.padEnd(10)}  ${value}`))
}

// A reader that went away, such as `head`, must not leave a world behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

interface Wanted {
  scenario: string
  /** Whether the world is to be kept. */
  keep: boolean
}

/** Undefined where something else was said. */
const readOptions = (): Wanted | undefined => {
  const usage = `usage: npm run demo [-- --keep] [--scenario ${Object.keys(tales).join('|')}]`
  try {
    const { values } = parseArgs({
      options: {
        keep: { type: 'boolean', default: false },
        scenario: { type: 'string', default: 'lumiku' },
      },
    })
    if (Object.hasOwn(tales, values.scenario)) return values
  } catch {
    // Said below.
  }
  console.error(usage)
  return undefined
}

const wanted = readOptions()
process.exitCode = wanted ? await demo(wanted) : 2
