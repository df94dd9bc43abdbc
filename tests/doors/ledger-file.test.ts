import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { localLedgerFile } from '../../runbook/doors/ledger-file.ts'
import { failureOf } from '../../runbook/model/failure.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook ledger '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const never = new AbortController().signal

test('a ledger in a clone that a group shares is written for the group, whatever the umask', async () => {
  execFileSync('git', ['init', '-q', '--shared=group', folder])
  const path = join(folder, '.git/runbook/ledger.jsonl')
  const before = process.umask(0o077)
  try {
    await localLedgerFile(path).append('one', never)
  } finally {
    process.umask(before)
  }
  expect(lstatSync(path).mode & 0o777).toBe(0o660)
  expect(lstatSync(join(folder, '.git/runbook')).mode & 0o070).toBe(0o070)
})

test('a ledger is written through no link: who shares the folder could lead it to another file', async () => {
  const path = join(folder, 'runbook/ledger.jsonl')
  const other = join(folder, 'of somebody else')
  mkdirSync(join(folder, 'runbook'))
  writeFileSync(other, 'as it was\n')
  symlinkSync(other, path)
  const failed = await localLedgerFile(path)
    .append('one', never)
    .catch((error) => failureOf(error))
  expect(failed).toMatchObject({ kind: 'file-failed', path })
  expect(readFileSync(other, 'utf8')).toBe('as it was\n')
})
