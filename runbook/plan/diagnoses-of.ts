import { type Diagnosis, MENDS } from '../model/diagnosis.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from './plan.ts'

/** An entry as a book has it: under an id of its own, with the step that brings it. */
export interface Listed extends Diagnosis {
  readonly broughtBy?: Step
}

/** What may be the matter with an environment: what the steps of its book bring, and what the book adds. */
export const diagnosesOf = ({ book, env, steps }: Arrangement): Listed[] => {
  const all: Listed[] = [
    ...steps.flatMap((step) =>
      (step.diagnoses?.({ env, step }) ?? []).map((diagnosis) => ({ ...diagnosis, broughtBy: step })),
    ),
    ...(book.diagnoses?.(env) ?? []).filter((one): one is Diagnosis => !!one),
  ]
  // Steps that know of the same bring the same: it is looked at once.
  const distinct = new Map<string, Listed>()
  for (const one of all) {
    const key = `${one.id} ${one.probe.fact}`
    if (!distinct.has(key)) distinct.set(key, one)
  }
  const ids = new Set<string>()
  return bySymptom([...distinct.values()]).map((one) => {
    const id = ids.has(one.id) && one.broughtBy ? `${one.id}-${one.broughtBy.id}` : one.id
    ids.add(id)
    return { ...one, id }
  })
}

/** In the order in which the symptoms come up; of each what explains it before what only points at it. */
const bySymptom = (all: readonly Listed[]): Listed[] => {
  const symptoms = [...new Set(all.map(({ symptom }) => symptom))]
  const rank = ({ symptom, shows }: Listed) => symptoms.indexOf(symptom) * 2 + (shows === 'sign' ? 1 : 0)
  return [...all].sort((one, other) => rank(one) - rank(other))
}

/** What the procedure is called that mends it; undefined where only a person can. */
export const mendingOf = ({ id, remedy }: Diagnosis): string | undefined => remedy && `${MENDS}${id}`

/** The entry whose remedy a procedure of this name is. */
export const mendedBy = (name: string, arrangement: Arrangement): Listed | undefined =>
  name.startsWith(MENDS) ? diagnosesOf(arrangement).find((one) => mendingOf(one) === name) : undefined
