import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Holder, takeLockFile } from '../../runbook/doors/lock-file.ts'
import { machineName, startOf } from '../../runbook/doors/process-identity.ts'
import { alive, until } from '../rig/command-line.ts'

let folder = ''
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook lock '))
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  rmSync(folder, { recursive: true })
})

const holderOf = (run: string, pid = process.pid, machine = machineName()): Holder => ({
  ...{ run, operator: 'ada', machine, pid, since: '2026-11-22T02:15:00.000Z' },
  started: startOf(pid) ?? '',
})
const take = (run: string, pid?: number, machine?: string) =>
  takeLockFile(folder, holderOf(run, pid, machine))
const taken = (result: ReturnType<typeof take>) => {
  if ('heldBy' in result) throw new Error(`held by ${result.heldBy.run}`)
  return result
}
/** Another process, which lives until its standard input ends. */
const neighbour = async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log()'])
  ends.push(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return { child, gone: new Promise((resolve) => child.once('exit', resolve)) }
}

test('is held by one, who is named to the next, and is free afterwards', () => {
  const first = taken(take('one'))
  expect(take('two')).toEqual({ heldBy: holderOf('one') })
  first.free()
  const second = taken(take('two'))
  expect(second.takenOverFrom).toBeUndefined()
  expect(take('three')).toEqual({ heldBy: holderOf('two') })
})

test('of another process is held as long as it lives, and is taken over when it is gone', async () => {
  const { child, gone } = await neighbour()
  taken(take('theirs', child.pid))
  expect(take('ours')).toHaveProperty('heldBy.run', 'theirs')
  child.kill('SIGKILL')
  await gone
  const ours = taken(take('ours'))
  expect(ours.takenOverFrom).toMatchObject({ run: 'theirs', pid: child.pid })
  expect(take('another')).toHaveProperty('heldBy.run', 'ours')
})

test('of a process that is over, and whose parent has not looked yet, is taken over', async () => {
  // The shell becomes a program that never looks after the child that the shell had.
  const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 600'
  const child = spawn('sh', ['-c', script], { detached: true })
  ends.push(() => process.kill(-child.pid!, 'SIGKILL'))
  const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve))
  const pid = Number(line)
  taken(take('theirs', pid))
  expect(take('ours')).toHaveProperty('heldBy.run', 'theirs')
  child.stdin.end()
  await until(() => !alive(pid))
  expect(() => process.kill(pid, 0)).not.toThrow()
  expect(taken(take('ours')).takenOverFrom).toMatchObject({ run: 'theirs' })
})

test('of a process whose number was given to another since is taken over', async () => {
  const { child } = await neighbour()
  const reused = { ...holderOf('theirs', child.pid), started: 'long ago' }
  taken(takeLockFile(folder, reused))
  expect(taken(take('ours')).takenOverFrom).toEqual(reused)
})

test('of another machine is held, because it cannot be looked for there', () => {
  taken(take('theirs', 4_000_000, 'elsewhere'))
  expect(take('ours')).toHaveProperty('heldBy.machine', 'elsewhere')
})

test('freed by one who had lost it, such as by a clock that stood still, stays with the other', () => {
  const slept = taken(takeLockFile(folder, { ...holderOf('slept'), started: 'before' }))
  taken(take('ours'))
  slept.free()
  expect(take('another')).toHaveProperty('heldBy.run', 'ours')
})

test.each(['', 'null', '{"run":"half', '\0\0\0\0'])(
  'with the content %j, as after a power cut, is free',
  (content) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, '7.json'), content)
    expect(taken(take('ours')).takenOverFrom).toBeUndefined()
    expect(take('another')).toHaveProperty('heldBy.run', 'ours')
  },
)

test('leaves few files behind, for its owner only', () => {
  for (let i = 0; i < 50; i++) taken(take(`run ${i}`)).free()
  expect(readdirSync(folder).length).toBeLessThan(20)
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
})

test('a folder that cannot be made is a failure with its path', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => takeLockFile(join(folder, 'file/locks'), holderOf('x'))).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ kind: 'file-failed', code: 'ENOTDIR' }) }),
  )
})

test('raced for by real processes belongs to one of them at a time', async () => {
  const racer = fileURLToPath(new URL('../fixtures/programs/lock-racer.ts', import.meta.url))
  const arena = join(folder, 'arena')
  writeFileSync(arena, '')
  const racers = Array.from({ length: 4 }, (_, i) => {
    const args = ['--import', 'tsx', racer, join(folder, 'lock'), arena, String(i), '300']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    ends.push(() => child.kill('SIGKILL'))
    return new Promise<number>((resolve) => {
      child.stdout.on('data', () => {})
      child.once('exit', (exit) => resolve(exit ?? 1))
    })
  })
  expect(await Promise.all(racers)).toEqual([0, 0, 0, 0])
  // Each one wrote `in` and `out` around what only it may do.
  const lines = readFileSync(arena, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(4 * 300 * 2)
  for (let i = 0; i < lines.length; i += 2) expect(lines[i + 1]).toBe(lines[i]!.replace('in', 'out'))
})
