import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { reachesOf } from './import-directions/reaches-of.ts'
import { allows, exceptions, refusalOf } from './import-directions/rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = ['runbook', 'steps', 'checks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
)
const refusals = (path: string, source: string) =>
  reachesOf(path, source).flatMap((reach) => refusalOf(path, reach) ?? [])
const sourceOf = (path: string) => readFileSync(join(root, path), 'utf8')

test('every file of the package reaches only where the layout lets it', () => {
  expect(files.length).toBeGreaterThan(150)
  expect(files.flatMap((path) => refusals(path, sourceOf(path)))).toEqual([])
})

test('every exception is still needed', () => {
  const stale = exceptions.filter(
    (exception) =>
      !files.includes(exception.file) ||
      !reachesOf(exception.file, sourceOf(exception.file)).some((reach) =>
        allows(exception, exception.file, reach),
      ),
  )
  expect(stale).toEqual([])
})

test.each([
  ['runbook/model/x.ts', `import { a } from '../plan/plan.ts'`, 'model may not use runbook/plan/plan.ts'],
  ['runbook/model/x.ts', `export * from '../doors/clock.ts'`, 'model may not use runbook/doors/clock.ts'],
  ['runbook/model/x.ts', `import type { A } from '../index.ts'`, 'model may not use type runbook/index.ts'],
  ['runbook/model/x.ts', `import { readFileSync } from 'fs'`, 'model may not use fs'],
  ['runbook/model/x.ts', `import 'node:fs'`, 'model may not use node:fs'],
  ['runbook/model/x.ts', `type A = import('pg').Client`, 'model may not use type pg'],
  ['runbook/plan/x.ts', `import { a } from '../journal/fold.ts'`, 'plan may not use runbook/journal/fold.ts'],
  [
    'runbook/plan/x.ts',
    `import { a } from '../engine/perform.ts'`,
    'plan may not use runbook/engine/perform.ts',
  ],
  [
    'runbook/journal/recorder.ts',
    `import { a } from '../doors/clock.ts'`,
    'journal may not use runbook/doors/clock.ts',
  ],
  [
    'runbook/journal/recorder.ts',
    `import type { a } from '../doors/files.ts'`,
    'journal may not use type runbook/doors/files.ts',
  ],
  ['runbook/journal/fold.ts', `import { readFileSync } from 'node:fs'`, 'journal may not use node:fs'],
  [
    'runbook/journal/x.ts',
    `import { a } from '../engine/perform.ts'`,
    'journal may not use runbook/engine/perform.ts',
  ],
  [
    'runbook/engine/x.ts',
    `import { a } from '../render/visible.ts'`,
    'engine may not use runbook/render/visible.ts',
  ],
  [
    'runbook/engine/x.ts',
    `import { a } from '../commands/deploy.ts'`,
    'engine may not use runbook/commands/deploy.ts',
  ],
  ['runbook/engine/x.ts', `import pg from 'pg'`, 'engine may not use pg'],
  [
    'runbook/engine/x.ts',
    `import { execFile } from 'node:child_process'`,
    'engine may not use node:child_process',
  ],
  [
    'runbook/engine/x.ts',
    `import { setTimeout } from 'node:timers/promises'`,
    'engine may not use node:timers/promises',
  ],
  ['runbook/engine/x.ts', `import { a } from '../../steps/index.ts'`, 'engine may not use steps/index.ts'],
  ['runbook/engine/x.ts', `import { a } from 'runbook/checks'`, 'engine may not use runbook/checks'],
  [
    'runbook/doors/x.ts',
    `import { a } from '../journal/fold.ts'`,
    'doors may not use runbook/journal/fold.ts',
  ],
  ['runbook/doors/process.ts', `import pg from 'pg'`, 'doors may not use pg'],
  ['runbook/doors/process.ts', `import { execa } from 'execa'`, 'doors may not use execa'],
  [
    'runbook/doors/database.ts',
    `await import('@inquirer/prompts')`,
    'doors may not use dynamic @inquirer/prompts',
  ],
  [
    'runbook/render/x.ts',
    `import { a } from '../engine/perform.ts'`,
    'render may not use runbook/engine/perform.ts',
  ],
  ['runbook/render/x.ts', `import { Listr } from 'listr2'`, 'render may not use listr2'],
  ['runbook/render/plain-view.ts', `setTimeout(draw, 100)`, 'render may not use setTimeout'],
  ['runbook/commands/x.ts', `import { a } from '../cli.ts'`, 'commands may not use runbook/cli.ts'],
  [
    'runbook/commands/x.ts',
    `import { a } from '../../checks/head-is.ts'`,
    'commands may not use checks/head-is.ts',
  ],
  ['runbook/commands/x.ts', `await import('runbook/steps')`, 'commands may not use dynamic runbook/steps'],
  [
    'runbook/commands/load-book.ts',
    `import * as steps from 'runbook/steps'`,
    'commands may not use runbook/steps',
  ],
  ['runbook/commands/load-book.ts', `import { createJiti } from 'jiti'`, 'commands may not use jiti'],
  ['runbook/commands/open-book.ts', `await import('jiti')`, 'commands may not use dynamic jiti'],
  ['runbook/commands/open-book.ts', `await import(path)`, 'commands may not use dynamic ‹path›'],
  ['runbook/commands/x.ts', `import { Command } from 'commander'`, 'commands may not use commander'],
  ['runbook/commands/x.ts', `import { spawn } from 'child_process'`, 'commands may not use child_process'],
  ['runbook/commands/x.ts', `process.exit(1)`, 'commands may not use process.exit'],
  ['runbook/commands/x.ts', `process.exitCode = 1`, 'commands may not use process.exitCode'],
  ['runbook/commands/x.ts', `const { exit } = process`, 'commands may not use process'],
  ['runbook/cli.ts', `process.exit(1)`, 'cli may not use process.exit'],
  ['runbook/cli.ts', `import { a } from './engine/perform.ts'`, 'cli may not use runbook/engine/perform.ts'],
  ['runbook/index.ts', `export * from './engine/perform.ts'`, 'index may not use runbook/engine/perform.ts'],
  ['runbook/more/x.ts', `import 'zod'`, 'stands in no layer'],
  [
    'steps/x.ts',
    `import type { Step } from '../runbook/model/step.ts'`,
    'steps may not use type runbook/model/step.ts',
  ],
  ['steps/x.ts', `import { a } from 'runbook'`, 'steps may not use runbook'],
  ['steps/x.ts', `import { $ } from 'zx'`, 'steps may not use zx'],
  ['steps/x.ts', `import.meta.resolve('zx/globals')`, 'steps may not use dynamic zx/globals'],
  ['steps/x.ts', `import { parse } from 'libpg-query'`, 'steps may not use libpg-query'],
  ['steps/sql/x.ts', `import { execa } from 'execa'`, 'steps may not use execa'],
  ['steps/x.ts', `import { a } from '../tests/rig/postgres.ts'`, 'steps may not use tests/rig/postgres.ts'],
  ['steps/x.ts', `const at = Date.now()`, 'steps may not use Date.now'],
  ['steps/x.ts', `const at = new Date()`, 'steps may not use new Date'],
  ['steps/x.ts', `const clock = Date`, 'steps may not use Date'],
  ['steps/x.ts', `globalThis.setTimeout(wait, 1)`, 'steps may not use setTimeout'],
  ['steps/x.ts', `await fetch('http://127.0.0.1')`, 'steps may not use fetch'],
  ['steps/x.ts', `const home = process.env.HOME`, 'steps may not use process.env'],
  ['checks/x.ts', `import { a } from '../steps/sql/quoted.ts'`, 'checks may not use steps/sql/quoted.ts'],
  ['checks/reading/x.ts', `import { z } from 'zod'`, 'checks may not use zod'],
  ['checks/x.ts', `import { statSync } from 'node:fs'`, 'checks may not use node:fs'],
  ['checks/x.ts', `const fs = require('node:fs')`, 'checks may not use require'],
])('in %s %j is refused', (path, source, why) => {
  expect(refusals(path, source).join()).toMatch(why)
})

test.each([
  [
    'runbook/model/x.ts',
    `import { z } from 'zod'\nimport { resolve } from 'node:path'\nimport { a } from './book.ts'`,
  ],
  ['runbook/journal/recorder.ts', `import { type Clock } from '../doors/clock.ts'`],
  ['runbook/render/x.ts', `const at = (now: Date): string => event.performance + now.toISOString()`],
  ['steps/x.ts', `const program = "setTimeout(() => process.exit(), 1); import('pg')"`],
  ['steps/x.ts', `const restart = ({ process }: Options) => [process.name, { process }, { fetch: process }]`],
  [
    'steps/x.ts',
    `const at = (text: string) => ({ at: new Date(text), is: text instanceof Date, ms: Date.parse(text) })`,
  ],
  [
    'steps/sql/x.ts',
    `import type { Node } from 'libpg-query'\nconst { parse } = await import('libpg-query')`,
  ],
])('in %s %j is let through', (path, source) => {
  expect(refusals(path, source)).toEqual([])
})
