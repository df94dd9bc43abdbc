import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

// An application that lets nobody in who does not sign in: by a header with a secret, and never in its address.

const ends = endsAfterEach()

const PASSWORD = 'B4sic:Passw0rd'
const guarded = async (app: (url: string) => string) => {
  const refused: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const well = request.headers.authorization === `Basic ${Buffer.from(PASSWORD).toString('base64')}`
    if (!well) refused.push(request.url)
    response.writeHead(well ? 200 : 401, { 'content-type': 'application/json' }).end('{"ok":true}')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  ends.push(() => server.close())
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const book = await bookFolder(`${prelude}
import * as s from 'runbook/steps'
import { text } from 'runbook'
export default defineRunbook({
  name: 'guarded',
  environments: { staging: { app: { dir: 'app', ${app(address)} } } },
  deploy: () => [does('one', 'sleep 1', { sort: 'state' }), s.verifyHttp({ requests: [{ name: 'x', url: '/x' }] })],
})
`)
  ends.push(book.dispose)
  const kept = () =>
    readdirSync(book.stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
      .join('\n')
  return { ...book, refused, address, kept }
}

test('app.headers sign in with a secret wherever the application is asked, the probe too', async () => {
  const { runbook, folder, refused, address, kept } = await guarded(
    (address) =>
      `url: 'http://${address}', probe: ['/p'], headers: { Authorization: text\`Basic \${secret('APP_BASIC')}\` }`,
  )
  const basic = Buffer.from(PASSWORD).toString('base64')
  writeFileSync(join(folder, '.env.staging'), `APP_BASIC=${basic}\n`)
  const plan = await runbook(['plan', 'staging'])
  expect(plan.out).toContain(`GET http://${address}/x  Authorization: Basic ‹secret APP_BASIC›`)
  const guide = await runbook(['guide', 'staging'])
  expect(guide.out).toContain("-H 'Authorization: Basic ‹secret APP_BASIC›'")
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'])
  expect([exit, refused], out + err).toEqual([0, []])
  expect(kept()).toMatch(/"requests":[1-9]\d*,"failed":0/)
  expect(plan.out + guide.out + out + err + kept()).not.toMatch(new RegExp(`${basic}|Passw0rd`))
})

test('credentials in the address are refused before anything, and not repeated', async () => {
  const { runbook, stateDir } = await guarded((address) => `url: 'http://ada:Passw0rd@${address}'`)
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'])
  expect([exit, out + err]).toEqual([2, expect.stringContaining("secret('APP_BASIC')")])
  expect(out + err).not.toContain('Passw0rd')
  expect(() => readdirSync(stateDir)).toThrow('ENOENT')
})
