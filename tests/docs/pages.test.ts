import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { stepDocs } from '../../scripts/step-docs.ts'
import { pageOfReliability } from '../chaos/reliability.ts'
import { bookFolder } from '../rig/command-line.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = (name: string) => readFile(join(root, name), 'utf8')
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!)

test('docs/steps.md is what the steps say of themselves', async () => {
  expect(await page('docs/steps.md')).toBe(stepDocs())
})

test('docs/reliability.md has the promises, and what the chaos saw of them last', async () => {
  expect(await page('docs/reliability.md')).toBe(pageOfReliability())
})

test('the first book of the README is a book without a mistake', async () => {
  const [book = ''] = blocks(await page('README.md'), 'ts')
  const place = await bookFolder(book)
  try {
    // It is read whole before the secret of an environment is missed.
    const { exit, err, out } = await place.runbook(['doctor', 'staging'], {
      variables: { DATABASE_URL: undefined },
    })
    expect(err + out).not.toContain('mistake')
    expect(out).toContain('the secret DATABASE_URL is set')
    expect(exit).toBe(3)
  } finally {
    await place.dispose()
  }
})

test('the step of docs/adding-a-step.md works, in a file of its own', async () => {
  const [step = ''] = blocks(await page('docs/adding-a-step.md'), 'ts')
  const place = await bookFolder(
    `import { defineRunbook } from 'runbook'
     import { clearCache } from './steps/clear-cache'
     export default defineRunbook({ name: 'docs', environments: { staging: { app: { dir: 'app' } } }, deploy: () => [clearCache()] })`,
    { 'steps/clear-cache.ts': step, 'app/var/cache/page.html': 'old' },
  )
  try {
    const { exit, out } = await place.runbook(['deploy', 'staging', '--yes'])
    expect(out).toContain('no file')
    expect(exit).toBe(0)
    expect(existsSync(place.in('var/cache/page.html'))).toBe(false)
  } finally {
    await place.dispose()
  }
})

describe('every page', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'docs/architecture.md',
    'docs/adding-a-step.md',
    'docs/steps.md',
  ]
  test.each(pages)('%s links only to what is there', async (name) => {
    const links = [...(await page(name)).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!)
    for (const link of links) expect(existsSync(join(root, dirname(name), link)), link).toBe(true)
  })

  test.each(pages.filter((name) => name !== 'docs/steps.md'))(
    '%s names only npm scripts that there are',
    async (name) => {
      const { scripts } = JSON.parse(await page('package.json'))
      const named = [
        ...(await page(name)).matchAll(/npm (?:run (?:--silent )?)?(demo|test|world|bench|[a-z]+)\b/g),
      ]
      for (const [words, script] of named)
        if (words.startsWith('npm run')) expect(Object.keys(scripts), words).toContain(script)
    },
  )
})

test.each(['security.md', 'reliability.md', 'architecture.md', 'adding-a-step.md'])(
  'docs/%s names files and sections that are there',
  async (name) => {
    const text = await page(`docs/${name}`)
    const files = [...text.matchAll(/`((?:tests|runbook|steps|checks|docs)\/[\w./-]+\.(?:ts|md))`/g)].map(
      ([, file]) => file!,
    )
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
    const sections = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    )
    const linked = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, section]) => section!)
    expect(linked.filter((section) => !sections.includes(section))).toEqual([])
  },
)
