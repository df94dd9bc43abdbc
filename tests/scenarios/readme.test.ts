import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeWorlds } from '../examples/raise-world.ts'
import { type ScenarioWorld, scenarioWorld } from './scenario-world.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = join(root, 'tests/fixtures/guides/avatar-creator-deployment-guide.md')
const readme = await readFile(join(root, 'README.md'), 'utf8')
/** The commands of its shell blocks, without their comments. */
const commands = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
  block
    .split('\n')
    .map((line) => line.replace(/ #.*/, '').trim())
    .filter(Boolean),
)
const calls = commands.filter((command) => command.startsWith('npx runbook '))

let world: ScenarioWorld
beforeAll(async () => {
  world = await scenarioWorld('readme')
})
afterAll(removeWorlds)

test('every command of the README is one of those that are tried here', () => {
  const others = commands.filter((command) => !calls.includes(command))
  // `npm test` is what runs this; the demo has its own test.
  expect(others).toEqual(['npm run demo', 'npm test'])
  expect(calls.length).toBeGreaterThan(5)
})

/** A first book is made where there is none, from the application or from the page that the team has. */
const folderFor = async (verb: string): Promise<string> => {
  if (verb !== 'import' && verb !== 'init') return world.dir
  const folder = join(world.dir, `a new team, ${verb}`)
  await mkdir(folder)
  if (verb === 'import') await copyFile(page, join(folder, 'guide.md'))
  else await copyFile(join(world.production, 'backend/package.json'), join(folder, 'package.json'))
  return folder
}

test('the commands of the README work, one after the other', async () => {
  for (const call of calls) {
    // Ten minutes are for a person; what is tried is the command.
    const words = call.replace('--for 10m', '--for 2s').split(/ +/).slice(2)
    const answered = ['deploy', 'rollback'].includes(words[0]!) ? ['--confirm', 'production', '--yes'] : []
    const { exit, out, err } = await world.runbook([...words, ...answered], {
      cwd: await folderFor(words[0]!),
    })
    expect(exit, `${call}\n${out}${err}`).toBe(0)
  }
}, 150_000)
