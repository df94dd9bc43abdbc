import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseAnswers } from '../../checks/database-answers.ts'
import { defineStep, nothingToUndo } from '../../runbook/index.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { stepRig } from '../rig/step-rig.ts'

let db: Awaited<ReturnType<typeof freshDatabase>>
beforeAll(async () => {
  db = await freshDatabase({ name: 'Lumiku-Production' })
})
afterAll(() => db.drop())

/** What `doctor` says. */
const said = async (url: string): Promise<string> => {
  const rig = await stepRig({ dir: '/', databaseUrl: url })
  try {
    const step = defineStep({
      id: 'looks',
      title: 'Look',
      about: '',
      needs: () => [databaseAnswers()],
      after: () => [databaseAnswers()],
      undo: () => nothingToUndo('it only looks'),
    })
    return JSON.stringify((await rig.needs(step)) ?? (await rig.look(databaseAnswers())))
  } finally {
    rig.dispose()
  }
}
const changed = (change: (url: URL) => void): string => {
  const url = new URL(db.url)
  change(url)
  return url.href
}

test('who answers, for whom', async () => {
  expect(await said(db.url)).toMatch(/PostgreSQL \d+\.\d+, database Lumiku-Production-\w+, role app_\w+/)
})

test.each([
  [
    'a wrong password',
    (url: URL) => {
      url.password = 'wrong'
    },
    /password authentication failed.*the password is wrong/,
  ],
  [
    'no such database',
    (url: URL) => {
      url.pathname = '/Nowhere-1'
    },
    /Nowhere-1.*does not exist.*there is no such database/,
  ],
  [
    'no such host',
    (url: URL) => {
      url.hostname = 'no-such-host.invalid'
    },
    /cannot be reached/,
  ],
])('%s', async (_, change, words) => {
  expect(await said(changed(change))).toMatch(words)
})

test('nobody listens', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  expect(
    await said(
      changed((url) => {
        url.port = String(port)
      }),
    ),
  ).toMatch(/cannot be reached.*pg_isready/)
})

test('a book that gives the environment no database', async () => {
  const rig = await stepRig({ dir: '/' })
  expect(await rig.look(databaseAnswers())).toMatchObject({
    holds: false,
    seen: expect.stringContaining('database'),
  })
  rig.dispose()
})
