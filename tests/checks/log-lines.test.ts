import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logHasLine } from '../../checks/log-has-line.ts'
import { logLacksLine } from '../../checks/log-lacks-line.ts'
import { stepRig } from '../rig/step-rig.ts'

let dir: string
let rig: Awaited<ReturnType<typeof stepRig>>
let log: string

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'runbook logs '))
  rig = await stepRig({ dir })
  log = join(dir, 'the app-error.log')
})
afterEach(() => {
  rig.dispose()
  rmSync(dir, { recursive: true, force: true })
})

describe('logHasLine', () => {
  it('finds a line, without colours, at or behind the offset only', async () => {
    writeFileSync(
      log,
      'Server listening on port 1\r\n\x1b[32m✓\x1b[0m Server listening on port 3000\r\nbye\n',
    )
    expect(await rig.look(logHasLine(log, '✓ Server listening'))).toEqual({
      holds: true,
      seen: '✓ Server listening on port 3000',
    })
    expect(await rig.look(logHasLine('the app-error.log', /port 3000$/))).toMatchObject({ holds: true })
    expect(await rig.look(logHasLine(log, 'port 1', { since: 28 }))).toMatchObject({
      holds: false,
      seen: 'not in 2 lines of the app-error.log',
      tail: expect.stringContaining('bye'),
    })
  })

  it('finds one that is not ended yet', async () => {
    writeFileSync(log, 'a\nDatabase conn')
    expect(await rig.look(logHasLine(log, 'Database'))).toMatchObject({ holds: true })
  })

  it('says that a file is missing, or was rotated', async () => {
    expect((await rig.look(logHasLine(log, 'x'))).seen).toBe(
      `not in 0 lines of the app-error.log; there is no file ${log}`,
    )
    writeFileSync(log, 'fresh\n')
    expect((await rig.look(logHasLine(log, 'x', { since: 1000 }))).seen).toBe(
      'not in 1 line of the app-error.log; the app-error.log was rotated, and read from its beginning',
    )
    expect(await rig.look(logHasLine(log, 'fresh', { since: 1000 }))).toMatchObject({ holds: true })
  })

  it('looks into each of several files', async () => {
    writeFileSync(log, 'nothing\n')
    writeFileSync(join(dir, 'out.log'), 'old\nDatabase connected\n')
    const logs = [
      { path: log, from: 0 },
      { path: 'out.log', from: 4 },
    ]
    expect(await rig.look(logHasLine(logs, /^Database/))).toMatchObject({ holds: true })
    expect((await rig.look(logHasLine(logs, 'old'))).seen).toBe(
      'not in 2 lines of the app-error.log, out.log',
    )
  })

  it('does not confuse a file that may not be read with one that is missing', async () => {
    const folder = join(dir, 'folder.log')
    rmSync(folder, { force: true })
    writeFileSync(log, '')
    expect((await rig.look(logHasLine(join(log, 'below'), 'x'))).seen).toMatch(/ENOTDIR/)
  })
})

describe('logLacksLine', () => {
  it('shows the line and what follows it', async () => {
    writeFileSync(log, 'fine\nTypeError: x is undefined\n    at a (b.js:1:2)\nfine\n')
    expect(await rig.look(logLacksLine(log, /error/i))).toMatchObject({
      holds: false,
      seen: 'TypeError: x is undefined',
      tail: 'TypeError: x is undefined\n    at a (b.js:1:2)\nfine',
      final: true,
    })
    expect(await rig.look(logLacksLine(log, /error/i, { except: ['x is undefined'] }))).toMatchObject({
      holds: true,
    })
    expect(await rig.look(logLacksLine(log, [/error/i, 'fatal'], { since: 31 }))).toEqual({
      holds: true,
      seen: '2 lines of the app-error.log',
    })
  })

  it('names the newest of several, of the error log where both have one', async () => {
    writeFileSync(log, 'Error: old\n    at error (a.js)\nfine\nError: new\n    at error (b.js)\nfine\n')
    expect(await rig.look(logLacksLine(log, /error/i))).toMatchObject({
      seen: 'Error: new (the newest of 2 lines)',
      tail: 'Error: new\n    at error (b.js)\nfine',
    })
    writeFileSync(join(dir, 'out.log'), 'an error was logged\n')
    const both = [
      { path: 'out.log', from: 0 },
      { path: log, from: 0 },
    ]
    expect((await rig.look(logLacksLine(both, /error/i))).seen).toContain('Error: new')
  })

  it('does not call a log clean that is not there', async () => {
    expect(await rig.look(logLacksLine(log, 'error'))).toMatchObject({
      holds: false,
      seen: `there is no file ${log}`,
    })
  })

  it('judges each line with a global expression', async () => {
    writeFileSync(log, 'an error\nerror\n')
    expect(await rig.look(logLacksLine(log, /error/g, { except: [/^an error$/g] }))).toMatchObject({
      seen: 'error',
    })
  })

  it('goes on watching, over a rotation too, and stops at the first line', async () => {
    writeFileSync(log, `${'old\n'.repeat(100)}`)
    const began = Date.now()
    const watching = rig.look(logLacksLine(log, 'error', { since: 400, for: 30_000 }))
    await sleep(300)
    truncateSync(log, 0)
    appendFileSync(log, 'new\n')
    await sleep(700)
    appendFileSync(log, 'an error\n')
    expect(await watching).toMatchObject({ holds: false, seen: 'an error' })
    expect(Date.now() - began).toBeLessThan(20_000)
  })

  it('says what it has watched', async () => {
    writeFileSync(log, 'old\n')
    const watching = rig.look(logLacksLine(log, 'error', { since: 4, for: 800 }))
    await sleep(100)
    appendFileSync(log, 'new\nwhole')
    expect(await watching).toEqual({ holds: true, seen: '1 line of the app-error.log' })
  })

  it('reads a log of many pieces: no line is lost or cut where two of them meet', async () => {
    // 24-byte lines with signs of three bytes: pieces of 16 MB end inside of a line, and inside of a sign.
    const line = `${'✓'.repeat(7)}ok\n`
    writeFileSync(log, line.repeat(1_500_000))
    appendFileSync(log, `${Buffer.from([0xff, 0xfe, 0x80]).toString('latin1')}\nthe last line\n`, 'latin1')
    const odd = logLacksLine(log, /^(?!✓{7}ok$)(?!the last line$)[ -~✓]*$/)
    expect(await rig.look(odd)).toMatchObject({ holds: true })
    expect(await rig.look(logHasLine(log, /^the last line$/))).toMatchObject({ holds: true })
  })
})
