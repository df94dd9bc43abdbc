import { expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const book = async (last: string) => {
  const place = await bookFolder(`${prelude}
    export default defineRunbook({
      name: 'tested',
      contacts: [{ name: 'Ada of DevOps', reach: 'devops@example.com', when: 'the server is not reached' }],
      environments: { staging: { app: { dir: 'app', url: 'http://127.0.0.1:9' } } },
      deploy: () => [phase('Build', { takes: '2m' }, [does('one')]), phase('Restart', [${last}])],
    })`)
  ends.push(place.dispose)
  return place
}

test('what phases are estimated at and take stands in the plan, at the end of a run, and in show', async () => {
  const { runbook } = await book("does('two')")
  expect((await runbook(['plan', 'staging'])).out).toMatch(/Build.*2 min/)
  const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'])
  expect(exit, out + err).toBe(0)
  const table = /phase +estimated +.*took\n +Build +2 min 00 s .*\n +Restart .*\n/
  expect(out).toMatch(table)
  expect((await runbook(['show'])).out).toMatch(table)
  expect(out).not.toContain('Ada of DevOps')
})

test('whom to ask stands below a failure, with the archive that they will want; and in the guide', async () => {
  const { runbook } = await book("sh('two', 'exit 3')")
  const { exit, out } = await runbook(['deploy', 'staging', '--yes'])
  expect(exit).toBe(1)
  expect(out).toMatch(
    /ask +Ada of DevOps: devops@example\.com.*the server is not reached.*\n +for help +runbook bundle \S+-deploy-/,
  )
  expect((await runbook(['guide', 'staging'])).out).toContain('devops@example.com')
})
