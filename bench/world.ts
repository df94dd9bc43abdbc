import { spawn, spawnSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from '../examples/world/raise.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Raises a world in a folder below `folder`, and takes it down when the work has ended. */
export const inWorld = async <T>(
  folder: string,
  name: string,
  work: (world: World) => Promise<T>,
): Promise<T> => {
  // PostgreSQL's own user must get through.
  await chmod(folder, 0o755)
  const dir = join(folder, name)
  const world: World = JSON.parse(worldCommand('up', '--dir', dir))
  try {
    return await work(world)
  } finally {
    worldCommand('down', '--dir', dir, '--delete')
  }
}

const worldCommand = (...args: string[]): string => {
  const argv = ['--import', 'tsx', 'examples/world/main.ts', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`world ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return stdout
}

/** As an operator's shell would run it, in the folder of the book; milliseconds. */
export const timed = (program: string, argv: string[], { dir, env }: World): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      cwd: dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const began = performance.now()
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        words = (words + chunk).slice(-4000)
      })
    child.once('error', reject)
    child.once('close', (exit) => {
      if (exit === 0) resolve(performance.now() - began)
      else reject(new Error(`${[program, ...argv].join(' ')} ended with ${exit}:\n${words}`))
    })
  })
