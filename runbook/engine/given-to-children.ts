import type { Action, Command, Planned } from '../model/action.ts'
import {
  flagsKeptBack,
  inherited,
  lastingVariables,
  plainVariables,
  type Receiver,
} from '../model/child-variables.ts'
import { type Environment, isElsewhere, namesOfBook } from '../model/environment.ts'
import { withNames } from '../model/print-action.ts'
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
  const handedOn = inheritedNames({ env, doors }, outlives ? 'lasting' : 'child')
  return [...defined].filter(
    (name) =>
      !(name in own) &&
      !(name in given) &&
      !handedOn.includes(name) &&
      argv.some((word) => typeof word === 'string' && new RegExp(`\\$\\{?${name}\\b`).test(word)),
  )
}

export const missedText = (name: string): string =>
  `it uses $${name}, which it is not given: name it in the step, env: { ${name}: secret('${name}') }`

/** On another host the session there has its own. */
const inheritedNames = ({ env, doors }: Known, to: Receiver): string[] =>
  isElsewhere(env)
    ? []
    : Object.keys(
        inherited({ operator: doors.variables, file: doors.secrets.file(), book: namesOfBook(env) }, to),
      ).sort()

/** Which flags for node of the operator's shell no command gets, a sentence a variable. */
export const keptBackTexts = ({ env, doors }: Known): string[] =>
  isElsewhere(env)
    ? []
    : [
        ...flagsKeptBack({
          operator: doors.variables,
          file: doors.secrets.file(),
          book: namesOfBook(env),
        }),
      ].map(
        ([name, flags]) =>
          `no command gets ${flags.join(', ')} of this shell’s ${name}; where it is needed, write ${name} into .env.${env.name}`,
      )

/** What the commands of a step get, by name only. */
export interface Given {
  /** Of the operator's shell, or of `.env.<environment>` under the same name. */
  shell: string[]
  /** Of the book's `variables`. */
  book: string[]
  /** Of the step itself. */
  own: string[]
  /** Each starts what lives on after the run, and gets less for that. */
  lasting: boolean
}

/** What every command of a run gets that looks at, or changes, the environment. */
export const givenToAll = (known: Known): Given => ({
  shell: inheritedNames(known, 'child'),
  book: Object.keys(plainVariables(known.env)),
  own: [],
  lasting: false,
})

/** What the commands of a step get; undefined where it has none. */
export const givenByStep = (actions: readonly Action[], known: Known): Given | undefined => {
  const commands = actions.flatMap((planned) => commandIn(planned) ?? [])
  if (commands.length === 0) return undefined
  const lasting = commands.every(({ outlives }) => outlives !== undefined)
  const named = commands.flatMap(({ outlives = [] }) => outlives)
  return {
    shell: inheritedNames(known, lasting ? 'lasting' : 'child'),
    book: Object.keys(lasting ? lastingVariables(known.env, named) : plainVariables(known.env)),
    own: [...new Set(commands.flatMap(({ env: own = {} }) => Object.keys(own)))],
    lasting,
  }
}
