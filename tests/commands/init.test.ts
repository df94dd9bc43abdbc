import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bookFolder } from '../rig/command-line.ts'

const manifest = (more: object = {}) => JSON.stringify({ scripts: { build: 'tsc' }, ...more })
const monorepo = {
  'package.json': JSON.stringify({ name: 'shop', private: true }),
  '.git/HEAD': 'ref: refs/heads/trunk\n',
  'backend/package.json': manifest({ dependencies: { '@prisma/client': '6' } }),
  'backend/src/server.ts': '',
  'backend/prisma/schema.prisma': 'datasource db { url = env("DATABASE_URL") }',
  'web/package.json': manifest({ dependencies: { next: '15' } }),
  'web/app/page.tsx': '',
  'web/node_modules/other/package.json': manifest(),
  'docs/package.json': '{ "name": "docs" }',
  'ecosystem.config.cjs': `module.exports = { apps: [{ name: 'shop-backend' }, { "name": "shop-web" }] }`,
}

const folderWith = async (files: Record<string, string>) => {
  const place = await bookFolder(undefined, files)
  onTestFinished(place.dispose)
  return { ...place, book: () => readFileSync(join(place.folder, 'runbook.config.ts'), 'utf8') }
}

test('what is in a folder becomes a book that loads, and says what is left to decide', async () => {
  const { runbook, book } = await folderWith(monorepo)
  const { exit, out, err } = await runbook(['init'])
  expect([exit, err]).toEqual([0, ''])
  expect(out).toContain('a git repository, on the branch trunk')
  expect(out).toContain('backend/package.json, with a build into dist, with Prisma')
  expect(out).toContain('It wants DATABASE_URL in .env.staging')
  expect(out).toMatch(
    / \d+ places are marked REVIEW in it: read each, and decide\.\n.*\n→ then: runbook doctor staging\n$/,
  )
  const written = book()
  for (const words of [
    "name: 'shop'",
    "app: { dir: '.', branch: 'trunk' }",
    /production: \{\n[^}]*protected: true/,
    "prismaMigrate({ in: 'backend' })",
    /buildApp\(\{ .*in: 'web', out: '\.next', sources: \['app', 'package\.json'\] \}\)/,
    "pm2Restart({ process: 'shop-backend', ecosystem: 'ecosystem.config.cjs', health: false })",
  ])
    expect(written).toMatch(words)
  expect(written).not.toContain('docs')
  expect(written.indexOf('backupDatabase()')).toBeLessThan(written.indexOf('prismaMigrate('))
  expect(Number(/(\d+) places/.exec(out)![1])).toBe(written.match(/REVIEW:/g)!.length)
  // It is a book like any other.
  const guide = await runbook(['guide', 'production'])
  expect([guide.exit, guide.out]).toEqual([0, expect.stringContaining('### 1. Back up the database')])
})

test('on a terminal it asks what no file tells', async () => {
  const { startOnTerminal, book } = await folderWith(monorepo)
  const { type, shows, ended } = startOnTerminal(['init'])
  await shows(/What is it called\?.*shop/)
  type('the shop\r')
  await shows(/Which environments does it have\?.*staging production/)
  type('production\r')
  await shows('Which address does production have?')
  type('shop.example.com/\r')
  await shows('Which process of pm2 is it?')
  type('\u001b[B\r')
  await shows('then: runbook doctor production')
  expect(await ended).toEqual({ exit: 0, signal: 0 })
  const written = book()
  expect(written).toContain("name: 'the-shop'")
  expect(written).toContain("app: { dir: '.', branch: 'trunk', url: 'https://shop.example.com' }")
  expect(written).toContain("process: 'shop-web', ecosystem: 'ecosystem.config.cjs', revision: false")
  expect(written).toContain("url: '/health'")
  expect(written).not.toContain('staging: {')
})

test('SQL without Prisma, and no process manager', async () => {
  const { runbook, book } = await folderWith({
    'package.json': manifest({ dependencies: { pg: '8' } }),
    'migrations/20250101_first.sql': '',
    'migrations/20251014_second.sql': '',
  })
  expect((await runbook(['init', '--yes'])).exit).toBe(0)
  expect(book()).toContain("applySql({ file: 'migrations/20251014_second.sql' })")
  expect(book()).toContain("title: 'Restart the application'")
  expect(book()).toContain('// REVIEW: this folder is no clone of a git repository')
})

test('a name is text, whatever it holds; a manifest that cannot be read says nothing', async () => {
  const { runbook, book } = await folderWith({
    'package.json': manifest({ name: "a'); process.exit(9) //\n*/ process.exit(9)\n" }),
    'backend/package.json': '{ not json',
    'ecosystem.config.js': 'module.exports = { apps: [{ name: "it\'s ${process.exit(9)}" }] }',
  })
  expect((await runbook(['init'])).exit).toBe(0)
  expect(book()).toContain("process: 'it\\'s ${process.exit(9)}'")
  expect(book().split('\n')[0]).toMatch(/^\/\/ a'\); process\.exit/)
})

describe('refused, and nothing is written', () => {
  test('where a book is there already', async () => {
    const { runbook, folder, book } = await folderWith(monorepo)
    writeFileSync(join(folder, 'runbook.config.ts'), 'mine')
    const { exit, err } = await runbook(['init'])
    expect([exit, err]).toEqual([2, expect.stringContaining('is there already; nothing was written')])
    expect(book()).toBe('mine')
    const other = await runbook(['init', '--config', 'ops/runbook.config.ts'])
    expect(other.exit).toBe(2)
    expect(other.err).toContain('has nothing that tells how it is deployed')
  })

  test('an answer that is none is said to be, and asked again', async () => {
    const { startOnTerminal, book } = await folderWith(monorepo)
    const { type, shows, ended } = startOnTerminal(['init'])
    await shows('What is it called?')
    type('\r')
    await shows('Which environments')
    type('two words!\r')
    await shows("'words!' cannot be the name of one")
    type(`${'\u007f'.repeat('two words!'.length)}live\r`)
    await shows('Which address does live have?')
    type('ht tp://x y\r')
    await shows("'ht tp://x y' is no address")
    type(`${'\u007f'.repeat('ht tp://x y'.length)}\r`)
    await shows('Which process of pm2')
    type('\r')
    await shows('then: runbook doctor live')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
    expect(book()).toMatch(/live: \{\n[^}]*protected: true/)
  })

  test('Ctrl-C at a question', async () => {
    const { startOnTerminal, folder } = await folderWith(monorepo)
    const { type, shows, ended } = startOnTerminal(['init'])
    await shows('What is it called?')
    type('\u0003')
    expect((await ended).exit).toBe(130)
    expect(existsSync(join(folder, 'runbook.config.ts'))).toBe(false)
  })
})
