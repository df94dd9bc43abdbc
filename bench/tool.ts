import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The built command line: what an operator has, not its sources under tsx. */
export const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

export const buildTool = (): void => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm run build ended with ${status}:\n${stdout}${stderr}`)
}
