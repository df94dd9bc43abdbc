import type { Actions, Command, Planned } from '../model/action.ts'
import { inherited, lastingVariables, plainVariables } from '../model/child-variables.ts'
import { type Environment, isElsewhere, namesOfBook, placeOf } from '../model/environment.ts'
import type { RunPaths } from '../model/look.ts'
import { withNames } from '../model/print-action.ts'
import type { Step } from '../model/step.ts'
import type { Doors } from './doors.ts'

type Known = { env: Environment; doors: Pick<Doors, 'variables' | 'secrets'> }

const commandIn = (planned: Planned): Command | undefined => {
  const action = withNames(planned)
  return action.kind === 'command' ? action : undefined
}

/**
 * The names that the environment defines, that a command's words use as a shell would, and that it is not given: they are
 * empty there, or an error under `set -u`.
 */
export const missedVariables = (planned: Planned, { env, doors }: Known): string[] => {
  const command = commandIn(planned)
  if (!command) return []
  const { argv, env: own = {}, outlives } = command
  const given = outlives ? lastingVariables(env, outlives) : plainVariables(env)
  const defined = new Set([...namesOfBook(env), ...Object.keys(doors.secrets.file())])
  return [...defined].filter(
    (name) =>
      !(name in own) &&
      !(name in given) &&
      !(name in inheritedNames({ env, doors })) &&
      argv.some((word) => typeof word === 'string' && new RegExp(`\\$\\{?${name}\\b`).test(word)),
  )
}

export const missedText = (name: string): string =>
  `it uses $${name}, which it is not given: name it in the step, env: { ${name}: secret('${name}') }`

const inheritedNames = ({ env, doors }: Known): Record<string, string> =>
  isElsewhere(env)
    ? {}
    : inherited({ operator: doors.variables, file: doors.secrets.file(), book: namesOfBook(env) }, 'child')

/** What every command of a run gets, by name only. */
export const givenToAll = (known: Known): { shell: string[]; book: string[] } => ({
  shell: Object.keys(inheritedNames(known)).sort(),
  book: Object.keys(plainVariables(known.env)),
})

/** What the commands of a step get besides, by name; undefined where that is known only once it has looked. */
export const givenByStep = (
  step: Step,
  known: Known,
  run: RunPaths,
): { names: string[]; missed: string[] } | undefined => {
  const env = placeOf(step, known.env)
  try {
    const actions = Object.values(step.actions({ observed: undefined, env, run }) as Actions)
    const commands = actions.flatMap((planned) => commandIn(planned) ?? [])
    if (commands.length === 0) return undefined
    return {
      names: [...new Set(commands.flatMap(({ env: own = {} }) => Object.keys(own)))],
      missed: [...new Set(actions.flatMap((planned) => missedVariables(planned, { ...known, env })))],
    }
  } catch {
    return undefined
  }
}
