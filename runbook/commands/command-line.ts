import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError, Option } from 'commander'
import { untilLeft } from '../doors/leaving.ts'
import { endProcess } from '../doors/own-process.ts'
import { VERSION } from '../version.ts'
import { ABOUT, helpPage } from './help-page.ts'
import type { Invocation, Options } from './invocation.ts'
import { takeLastWord } from './last-word.ts'
import { patiently } from './patiently.ts'
import { invocationOf } from './read-invocation.ts'
import { reportFailure } from './report-failure.ts'
import { everywhere, type OptionText, type Verb, verbs } from './verbs.ts'

// What a run makes lives a moment or to its end: V8 would keep 30 MB for the young, which it does not need.
setFlagsFromString('--semi-space-growth-factor=1')

/** Reads the arguments, runs the verb that they name, and ends the process with the exit status that it gives. */
export const runCommandLine = async (): Promise<never> => endProcess(await exitOfCommand())

const exitOfCommand = async (): Promise<number> => {
  const program = new Command('runbook').description(ABOUT).version(VERSION).exitOverride()
  program.helpInformation = helpPage
  let exit = 0
  for (const verb of verbs) {
    const command = program.command(`${verb.name} ${verb.argument}`).description(verb.summary)
    for (const option of [...verb.options, ...everywhere]) command.addOption(optionOf(option))
    // commander gives one value for each argument of the verb, then the options, then the command.
    command.action(async (...given: unknown[]) => {
      const [first, second] = given.slice(0, -2) as (string | undefined)[]
      const argumentFirst = verb.envLast || verb.argumentOnly
      const words = argumentFirst ? { env: second, argument: first } : { env: first, argument: second }
      exit = await invoke(verb, words, given.at(-2) as Options)
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

const optionOf = ({ flags, about, choices }: OptionText): Option => {
  const option = new Option(flags, about)
  return choices ? option.choices(choices) : option
}

const invoke = async (
  verb: Verb,
  { env, argument }: Pick<Invocation, 'env' | 'argument'>,
  options: Options,
): Promise<number> => {
  const lastWord = takeLastWord()
  const invocation = invocationOf(env, options, lastWord, argument)
  try {
    const command = await verb.load()
    return await untilLeft(() => patiently(command, invocation, verb.argument.includes('[env]')))
  } catch (error) {
    return reportFailure(error, invocation)
  } finally {
    lastWord.release()
  }
}
