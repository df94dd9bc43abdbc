import { expect, test } from 'vitest'
import { openContext } from '../../runbook/engine/open-context.ts'
import { hidden } from '../../runbook/model/hidden.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret } from '../../runbook/model/secret.ts'

const openAndClose = async (name: string, value: string) => {
  const url = secret('OPENED_URL')
  const { context, close } = openContext({
    env: resolveEnvironment(name, { app: { dir: '/' }, database: { url } }, '/'),
    ...{ bookFolder: '/nowhere', stateDir: '/nowhere', stamp: '20261122T021500Z', name: 'runbook' },
    variables: { OPENED_URL: `postgresql://a:${value}@db/shop` },
    ask: async () => '',
    answers: { yes: true },
    signal: new AbortController().signal,
  })
  context.doors.secrets.open(url)
  await close()
}
const hides = () => (globalThis as never as Record<symbol, Set<unknown>>)[Symbol.for('runbook.hides')]!.size

test('opened again and again, as under --wait, nothing more is kept; and what was learned stays masked', async () => {
  await openAndClose('waiting', 'fIrst-Pw-1')
  const before = hides()
  for (let i = 0; i < 5; i++) await openAndClose('waiting', `n3xt-Pw-${i}`)
  expect(hides()).toBe(before)
  expect(hidden('fIrst-Pw-1 n3xt-Pw-3')).toBe('‹secret OPENED_URL› ‹secret OPENED_URL›')
  await openAndClose('other', '0ther-Pw-9')
  expect(hides()).toBe(before + 1)
  expect(hidden('fIrst-Pw-1 0ther-Pw-9')).toBe('‹secret OPENED_URL› ‹secret OPENED_URL›')
})
