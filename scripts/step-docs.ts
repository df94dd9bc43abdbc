import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import type { z } from 'zod'
import { commonOptions } from '../runbook/model/factory.ts'
import type { Step } from '../runbook/model/step.ts'
import * as steps from '../steps/index.ts'

/** What `factory` gives: a function with the description of its options. */
type Factory = ((options?: unknown) => Step) & { id: string; options: z.ZodObject; example?: object }

const page = fileURLToPath(new URL('../docs/steps.md', import.meta.url))

/** The page of the library's steps, made from what the code says of them. */
export const stepDocs = (): string => {
  const factories = Object.entries<unknown>(steps).filter((entry): entry is [string, Factory] =>
    isFactory(entry[1]),
  )
  return [
    '# Steps',
    '',
    '_Made by `npm run docs` from the steps themselves._ Import them from `runbook/steps`. Every step also takes:',
    '',
    ...optionLines(commonOptions),
    '',
    ...factories.flatMap(([name, factory]) => section(name, factory)),
  ].join('\n')
}

const isFactory = (value: unknown): boolean =>
  typeof value === 'function' && 'options' in value && 'id' in value

const section = (name: string, factory: Factory): string[] => {
  const { about, sort } = factory(factory.example)
  const own = Object.fromEntries(
    Object.entries(factory.options.shape).filter(([key]) => !(key in commonOptions)),
  )
  return [
    `## ${name}`,
    '',
    about,
    '',
    '```ts',
    `${name}(${factory.example ? inspect(factory.example, { depth: 9, breakLength: 100, compact: 4 }) : ''})`,
    '```',
    '',
    ...(Object.keys(own).length ? [...optionLines(own), ''] : []),
    `Id \`${factory.id}\`, sort \`${sort}\`.`,
    '',
  ]
}

const optionLines = (shape: Record<string, unknown>): string[] =>
  Object.entries(shape as Record<string, z.ZodType>).map(([key, type]) => {
    const needed = type.isOptional() ? '' : ' (needed)'
    return `- \`${key}\`${needed}: ${type.description ?? ''}`
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const before = readFileSync(page, { encoding: 'utf8', flag: 'a+' })
  writeFileSync(page, stepDocs())
  process.stderr.write(
    before === stepDocs() ? 'docs/steps.md was up to date\n' : 'docs/steps.md was written\n',
  )
}
