import { expect, test } from 'vitest'
import { isSecretInAddress, isSecretName } from '../../runbook/model/secret-name.ts'

test.each([
  'API_TOKEN',
  'PGPASSWORD',
  'db_pwd',
  'X-Amz-Credential',
  'SENTRY_DSN',
  'PHPSESSID',
  'session_id',
  'sig',
])('%s holds a secret, and so in an address', (name) => {
  expect([isSecretName(name), isSecretInAddress(name)]).toEqual([true, true])
})
test.each(['code', 'auth_code', 'state', 'session_state', 'SAMLResponse', 'ticket'])(
  '%s does in an address only',
  (name) => {
    expect(isSecretInAddress(name)).toBe(true)
  },
)
test.each(['page', 'zipcode', 'TOKEN_URL', 'AUTHOR', 'statement', 'signup'])('%s does not', (name) => {
  expect([isSecretName(name), isSecretInAddress(name)]).toEqual([false, false])
})
