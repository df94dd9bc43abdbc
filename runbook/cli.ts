#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander'
import type { Invocation, Options } from './commands/invocation.ts'
import { VERSION } from './version.ts'

/** A verb: what `--help` says of it, and where its code is. Loaded only when it is called. */
interface Verb {
  name: string
  argument: string
  summary: string
  load(): Promise<(invocation: Invocation) => Promise<number>>
  /** Options of its own. */
  options?(command: Command): Command
}

const verbs: Verb[] = [
  {
    name: 'doctor',
    argument: '[env]',
    summary: 'the checklist before a deployment: tools, access, secrets, disk, rights; changes nothing',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'plan',
    argument: '[env]',
    summary: 'what `deploy` would do, from real observations; changes nothing',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'deploy',
    argument: '[env]',
    summary: 'performs the book',
    load: async () => (await import('./commands/deploy.ts')).deploy,
    options: (command) =>
      command
        .addOption(
          new Option('--on-failure <what>', 'what to do when a step fails, instead of asking').choices([
            'stop',
            'rollback',
          ]),
        )
        .option('--approved-by <name>', 'who approved a rollback beforehand, where the book asks for that')
        .option('--approval-note <text>', 'in which words'),
  },
  {
    name: 'verify',
    argument: '[env]',
    summary: 'only the checks of what should hold after a deployment',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'rollback',
    argument: '[env]',
    summary: 'takes the last run back, after saying what will be lost',
    load: async () => (await import('./commands/rollback.ts')).rollback,
    options: (command) =>
      command
        .option('--plan', 'only says what it would do; changes nothing')
        .option('--run <id>', 'another run than the last one')
        .addOption(
          new Option('--database <how>', 'the database too: the reverse of the migration').choices([
            'schema',
          ]),
        )
        .option('--around <step...>', 'leaves an irreversible step as it is')
        .option('--reason <text>', 'why; kept in the transcript')
        .option('--approved-by <name>', 'who approved it, where the book asks for that')
        .option('--approval-note <text>', 'in which words'),
  },
  {
    name: 'runs',
    argument: '[env]',
    summary: 'past runs',
    load: async () => (await import('./commands/runs.ts')).runs,
  },
  {
    name: 'show',
    argument: '[run]',
    summary: 'the transcript of a run; the latest where none is named',
    load: async () => (await import('./commands/show.ts')).show,
  },
]

const EXITS = `
Exit status: 0 done, or nothing to do · 1 a step failed · 2 usage, or a mistake in the book · 3 a precondition
does not hold, nothing was changed · 4 declined, or nobody there to answer · 5 locked by another run ·
6 failed and rolled back · 7 the rollback failed · 130, 143, 129 interrupted
`

const main = async (): Promise<number> => {
  const program = new Command('runbook')
    .description(
      'A deployment guide that runs: typed steps, checks before and after, a transcript, and a way back.',
    )
    .version(VERSION)
    .addHelpText('after', EXITS)
    .exitOverride()
  let exit = 0
  for (const verb of verbs) {
    const own = verb.options ?? ((command: Command) => command)
    withOptions(own(program.command(`${verb.name} ${verb.argument}`)))
      .description(verb.summary)
      .action(async (argument: string | undefined, options: Options) => {
        exit = await invoke(verb, argument, options)
      })
  }
  try {
    await program.parseAsync()
    return exit
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

const withOptions = (command: Command): Command =>
  command
    .option('--config <file>', 'the book; default: runbook.config.ts here or in a folder above')
    .option('--state-dir <folder>', 'transcripts and backups; default: .runbook beside the book')
    .option('-y, --yes', 'answers ordinary questions; never the name of a protected environment')
    .option('--confirm <env>', 'stands for typing the name of a protected environment')
    .option('--json', 'events on standard output, one JSON object a line')
    .option('-v, --verbose', 'also what was looked at, performed and printed')
    .addOption(new Option('--no-color', 'no colours; so does the variable NO_COLOR'))

const invoke = async (verb: Verb, argument: string | undefined, options: Options): Promise<number> => {
  const { invocationOf } = await import('./commands/read-invocation.ts')
  const { reportFailure } = await import('./commands/report-failure.ts')
  const { signal, release } = (await import('./commands/interrupts.ts')).onInterrupt()
  const invocation = await invocationOf(argument, options, signal)
  try {
    const command = await verb.load()
    return await command(invocation)
  } catch (error) {
    return reportFailure(error, invocation)
  } finally {
    release()
  }
}

process.exitCode = await main()
