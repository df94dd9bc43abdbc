import type { Mistake } from './step.ts'

const TEXTS = ['id', 'title']
const NEEDED = ['after', 'undo']
const FUNCTIONS = [
  ...NEEDED,
  ...['needs', 'observe', 'before', 'actions', 'run', 'output', 'revision', 'restsOn', 'findings', 'dangers'],
  ...['foresee', 'summary', 'restore', 'rehearsal', 'migrates', 'trial', 'stop', 'stopped', 'diagnoses'],
  ...['watch', 'loses', 'evidence'],
]

/** What the compiler refuses: a book is loaded without it, and a list in the place of a function would fail in mid-run. */
export const mistakesOfShape = (definition: object): Mistake[] => {
  const given = new Map<string, unknown>(Object.entries(definition))
  const id = given.get('id')
  const at = (key: string) => `steps.${typeof id === 'string' && id ? id : '(a step without an id)'}.${key}`
  return [
    ...TEXTS.filter((key) => typeof given.get(key) !== 'string' || !given.get(key)).map((key) => ({
      at: at(key),
      expected: 'must be a text',
    })),
    ...FUNCTIONS.filter((key) => typeof given.get(key) !== 'function')
      .filter((key) => NEEDED.includes(key) || given.get(key) !== undefined)
      .map((key) => ({ at: at(key), expected: `must be a function: ${key}: () => …` })),
  ]
}
