import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { tell } from './tally.ts'

const printer = fileURLToPath(new URL('../../bench/programs/print-gigabyte.mjs', import.meta.url))
const peakHook = fileURLToPath(new URL('../../bench/programs/write-peak.cjs', import.meta.url))
const GIGABYTES = 5

test('a child that prints 5 GB costs no memory', async () => {
  const print = `unset NODE_OPTIONS; for i in $(seq ${GIGABYTES}); do node ${JSON.stringify(printer)}; done`
  const book = await bookFolder(bookOf(`does('print', ${JSON.stringify(print)})`))
  try {
    const peak = join(book.folder, 'peak')
    const { exit, out } = await book.runbook(['deploy', 'staging', '--yes'], {
      variables: { NODE_OPTIONS: `--require ${JSON.stringify(peakHook)}`, BENCH_PEAK_FILE: peak },
    })
    expect(exit, out).toBe(0)
    const megabytes = Math.round(Number(readFileSync(peak, 'utf8')) / 1e6)
    expect(megabytes).toBeLessThan(150)
    tell('output', `${GIGABYTES} GB printed by a child, redacted and recorded: ${megabytes} MB at the most`)
  } finally {
    await book.dispose()
  }
})
