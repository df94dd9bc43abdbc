import { expect, test } from 'vitest'
import { relativeUrl } from '../../steps/code/relative-url.ts'

test.each([
  ['../lib.git', 'https://example.com/shop/app.git', 'https://example.com/shop/lib.git'],
  ['../lib.git', 'https://example.com/shop/app.git/', 'https://example.com/shop/lib.git'],
  ['../../other/lib.git', 'git@example.com:shop/app.git', 'git@example.com:other/lib.git'],
  ['../lib.git', 'git@example.com:app.git', 'git@example.com:lib.git'],
  ['./lib', '/srv/git/app', '/srv/git/app/lib'],
  ['../lib/', '/srv/git/app', '/srv/git/lib'],
  ['https://example.com/lib.git', 'https://example.com/app.git', 'https://example.com/lib.git'],
  ['/srv/git/lib.git', 'https://example.com/app.git', '/srv/git/lib.git'],
])('%s from %s is %s', (url, base, is) => {
  expect(relativeUrl(url, base)).toBe(is)
})
