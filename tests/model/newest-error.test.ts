import { expect, test } from 'vitest'
import { newestError } from '../../runbook/model/newest-error.ts'

test.each([
  ['of several the newest', 'Error: old\n    at a\nok\nError: new\n    at b\n', 'Error: new'],
  [
    'of a crash of Node the error, not the line that threw it, nor what stands below',
    "/srv/app.js:3\nthrow new Error('no table')\n^\n\nTypeError: no table\n    at Object.<anonymous> (/srv/error.js:3:7) {\n  code: 'ENOENT'\n}\n\nNode.js v20.20.2\n",
    'TypeError: no table',
  ],
  ['of npm its own', 'npm error code E404\nnpm error 404 not found\nnpm notice\n', 'npm error 404 not found'],
  ['none in what went well', 'compiled with 0 errors\nlistening\n', undefined],
  ['none in nothing', '', undefined],
])('%s', (_, text, error) => {
  expect(newestError(text)).toBe(error)
})
