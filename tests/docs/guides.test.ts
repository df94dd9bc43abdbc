import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as checks from '../../checks/index.ts'
import * as book from '../../runbook/index.ts'
import * as steps from '../../steps/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFile(join(root, path), 'utf8')

/** The rows of the table below a heading. */
const rowsBelow = async (heading: string): Promise<string[][]> => {
  const page = await read('docs/guides.md')
  const [, ...sections] = page.split(/^## /m)
  const section = sections.find((one) => one.startsWith(heading)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| the guide'))
    .map((line) => line.slice(2, -2).split(' | '))
}

/** The headings of a guide, without what is inside of its blocks. */
const headingsOf = async (guide: string): Promise<string[]> => {
  const text = (await read(`tests/fixtures/guides/${guide}.md`)).replaceAll(/^\s*```.*?^\s*```/gms, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.trim())
}

const titles = new Map<string, string>()
const sourceOf = async (file: string): Promise<string> => {
  const known = titles.get(file) ?? (existsSync(join(root, file)) ? await read(file) : '')
  titles.set(file, known)
  return known
}

describe.each([
  ['Avatar Creator Deployment Guide', 'avatar-creator-deployment-guide'],
  ['Prisma Schema Synchronization Fix', 'prisma-schema-synchronization-fix'],
])('docs/guides.md: %s', (title, guide) => {
  test('has a row for every section of the guide, in its order', async () => {
    const rows = (await rowsBelow(title)).map(([section]) => section!).filter((one) => !one.startsWith('…'))
    const headings = await headingsOf(guide)
    expect(rows).toHaveLength(headings.length)
    for (const [i, heading] of headings.entries()) expect(rows[i]).toMatch(startsWith(heading))
  })

  test('names tests that are there', async () => {
    for (const [section, , shown = ''] of await rowsBelow(title)) {
      const [, file, name] = /^`([^`]+)` “([^”]+)”$/.exec(shown) ?? []
      expect(file, `${section}: ${shown}`).toBeDefined()
      const source = await sourceOf(file!)
      expect(
        source.includes(name!) || source.includes(name!.replaceAll("'", "\\'")),
        `${section}: ${file} “${name}”`,
      ).toBe(true)
    }
  })

  test('names steps, checks and words of a book that are exported', async () => {
    const exported = new Set(Object.keys({ ...steps, ...checks, ...book }))
    for (const [section, does = ''] of await rowsBelow(title))
      for (const [, name] of does.matchAll(/`(?:either\()?([a-z]\w+)\(/g))
        expect(exported, `${section}: ${name}`).toContain(name)
  })
})

const startsWith = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(:|$)`)
