import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const idsIn = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/defineDiagnosis\(\{\s*id: '([^']+)'/g)].map(
    ([, id]) => id!,
  )

test('docs/diagnoses.md has a row for every diagnosis of a step, and for no other', () => {
  const page = readFileSync(join(root, 'docs/diagnoses.md'), 'utf8')
  const named = [...page.matchAll(/^\| [^|]*\| `([a-z-]+)`/gm)].map(([, id]) => id!)
  const ofSteps = readdirSync(join(root, 'steps/diagnoses')).flatMap((file) =>
    idsIn(`steps/diagnoses/${file}`),
  )
  expect(ofSteps.length).toBeGreaterThan(10)
  // This one is what a book says of its environment.
  expect(named.toSorted()).toEqual([...ofSteps, 'another-environment'].toSorted())
})
