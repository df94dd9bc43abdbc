import { expect, test } from 'vitest'
import { headerHoldsSecret, holdsSecret } from '../../runbook/model/url-credentials.ts'

const X = 'Zz9SecretPw77'

test.each([
  ...[`/x?access_token=${X}`, `/x?apiKey=${X}`, `/x?sig=${X}`, `/x?code=${X}`, `/x#access_token=${X}`],
  ...[
    `/x;jsessionid=${X}`,
    `/bot123456:${X}/getMe`,
    `/x?q=1&X-Amz-Signature=${X}`,
    `/x?auth=${X}`,
    `/x?pw=${X}`,
  ],
  ...[`/x?key=${X}`, `/x?tok%65n=${X}`, '/x?token=correcthorse', '/x?password=summer', `//user:${X}@h/x`],
  ...[`http://h/?token=${X}`, `http://${X}@h`, `http://:${X}@h`, `http://h/#${X}`, `http:user:${X}@h`],
  ...[`u:${X}@host:x.git`, `https://hooks.slack.com/services/T01AB/B02CD/${X}`, `u:${X}@h`],
  ...['/x?k=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0', `/x?client_secret=${X}`, `/x#/a?session=${X}`],
])('%s holds a secret', (address) => {
  expect(holdsSecret(address)).toBe(true)
})

test.each([
  ...[
    '/x?page=2',
    '/x?key=name',
    '/x?sort_key=createdAt',
    '/x?state=open',
    '/x?code=200',
    '/x?max_tokens=500',
  ],
  ...['/x?auth=required', '/x?keyword=winter-2024', '/x?token={token}', '/x?key=page2', '/x?key=2024-10-01'],
  ...['/x?page_token=first', '/x#/users/4711', '/x#section-2', '/x?v=3f2a1b0c9d8e', '/tokens/list?limit=100'],
  ...['git@git.example:shop.git', 'ssh://git@h/x.git', 'https://h/@ada:x@y', '/@ada:x', 'deploy@[fe80::1]'],
  ...[
    '/x?filter=a:b@c',
    '/reset-password?lang=de',
    '/api/keys',
    '/x?compass=north',
    '/x?session=current',
    '/a:b@c',
  ],
  'https://h:8080/a?author=ada',
])('%s holds none', (address) => {
  expect(holdsSecret(address)).toBe(false)
})

test.each([
  ['Authorization', `Basic YWRtaW46${X}`],
  ['authorization', `Bearer ${X}`],
  ['X-Api-Key', X],
  ['PRIVATE-TOKEN', X],
  ['Cookie', `theme=dark; session=${X}`],
])('the header %s: %s holds a secret', (name, value) => {
  expect(headerHoldsSecret(name, value)).toBe(true)
})
test.each([
  ['Authorization', 'Bearer {token}'],
  ['Authorization', 'none'],
  ['Accept', 'application/json'],
  ['Cookie', 'consent=yes; theme=dark'],
  ['Idempotency-Key', 'deploy-check-1'],
  ['User-Agent', `Zz9SecretPw77`],
  ['X-Author', 'Ada'],
])('the header %s: %s holds none', (name, value) => {
  expect(headerHoldsSecret(name, value)).toBe(false)
})
