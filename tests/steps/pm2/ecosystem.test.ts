import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { pm2Restart } from '../../../steps/pm2-restart.ts'
import { pullCode } from '../../../steps/pull-code.ts'
import { endsAfterEach } from '../../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../../rig/git-remote.ts'
import { pm2Home } from '../../rig/pm2-home.ts'
import { stepRig } from '../../rig/step-rig.ts'

const ends = endsAfterEach()

const SERVER = `
const { createServer } = require('node:http')
const { execFileSync } = require('node:child_process')
const revision = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: __dirname, encoding: 'utf8' }).trim()
const { COLOUR, SHAPE, FROM_SHELL } = process.env
createServer((_, answer) => answer.end(JSON.stringify({ revision, COLOUR, SHAPE, FROM_SHELL, script: __filename, args: process.argv.slice(2), cwd: process.cwd(), pid: process.pid })))
  .listen(Number(process.env.PORT), '127.0.0.1')
`

type App = Record<string, unknown>
const raise = async () => {
  const home = await pm2Home()
  const repos = gitRemote({ 'server.cjs': SERVER })
  ends.push(repos.dispose, home.dispose)
  const variables = { ...home.variables, ...gitVariables }
  const rig = await stepRig({
    dir: repos.clone,
    app: { branch: 'main', url: home.url, health: '/' },
    variables,
  })
  ends.push(rig.dispose)
  const shop = (more: App = {}): App => ({
    name: 'shop',
    script: 'server.cjs',
    ...more,
    env: { PORT: home.port, ...((more.env as object) ?? {}) },
  })
  const text = (apps: App[]) => `module.exports = ${JSON.stringify({ apps })}\n`
  const pm2 = async (...args: string[]) =>
    (
      await promisify(execFile)('pm2', args, {
        cwd: repos.clone,
        env: { ...process.env, ...variables, FROM_SHELL: 'typed once' },
      })
    ).stdout
  const push = (apps: App[], more: Record<string, string> = {}) =>
    repos.push({ 'ecosystem.config.cjs': text(apps), ...more }, 'Another file')
  const names = async () =>
    (JSON.parse(await pm2('jlist')) as { name: string }[]).map(({ name }) => name).sort()
  const file = (name: string, content: string) => repos.push({ [name]: content }, 'Another file')
  const answer = async () => JSON.parse(await (await fetch(home.url)).text()) as Record<string, unknown>
  const start = async (...apps: App[]) => {
    push(apps)
    git(repos.clone, 'pull', '--quiet', '--ff-only')
    await pm2('start', 'ecosystem.config.cjs')
    for (let left = 200; left > 0 && !(await fetch(home.url).catch(() => undefined)); left -= 1)
      await new Promise((done) => setTimeout(done, 25))
  }
  const step = (options: Partial<Parameters<typeof pm2Restart>[0]> = {}) =>
    pm2Restart({ process: 'shop', ecosystem: 'ecosystem.config.cjs', soak: 300, health: '/', ...options })
  const findings = async (options = {}) => {
    const { steps, failures } = await rig.plan(pullCode(), step(options))
    return {
      failures,
      found: steps[1]?.findings ?? [],
      actions: steps[1]?.actions?.map(({ name }) => name) ?? [],
    }
  }
  const deploy = (options = {}) => rig.run([pullCode(), step(options)])
  return { ...repos, home, rig, shop, pm2, push, names, file, answer, start, step, findings, deploy }
}
let w: Awaited<ReturnType<typeof raise>>

describe('an ecosystem file that differs from what pm2 runs', () => {
  beforeEach(async () => {
    w = await raise()
  })

  it('in the value of a variable: it is named without its value, taken over, and back again', async () => {
    await w.start(w.shop({ env: { COLOUR: 'red' } }))
    w.push([w.shop({ env: { COLOUR: 'a-secret-blue', SHAPE: 'round' } })])
    const { found, actions, failures } = await w.findings()
    expect(failures).toEqual([])
    expect(found).toEqual([
      'ecosystem.config.cjs differs from what pm2 runs as shop: the variable COLOUR has another value, the variable SHAPE is new',
    ])
    expect(actions).toEqual(['apply'])
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    expect(run.performed.at(-1)).toBe('pm2 restart ecosystem.config.cjs --only shop')
    expect(await w.answer()).toMatchObject({
      COLOUR: 'a-secret-blue',
      SHAPE: 'round',
      FROM_SHELL: 'typed once',
    })
    expect(JSON.stringify(run.events)).not.toContain('a-secret-blue')
    // As a rollback does: the code is there again, and the step is done again. What the file no longer says goes.
    git(w.clone, 'checkout', '--quiet', '--detach', 'HEAD~1')
    const back = await w.rig.run(w.step())
    expect(back.failure).toBeUndefined()
    expect(await w.answer()).toMatchObject({ COLOUR: 'red' })
    // Nothing differs any more: it is restarted as ever.
    expect((await w.rig.run(w.step())).performed).toEqual(['pm2 restart shop'])
  })

  it('in the script, its folder, its arguments and a variable that went: started anew, with the variables of its own', async () => {
    await w.start(w.shop({ env: { COLOUR: 'red', SHAPE: 'round' } }))
    w.push(
      [
        w.shop({
          script: 'dist/main.cjs',
          cwd: 'apps/web',
          args: '--fast "two words"',
          env: { COLOUR: 'red' },
        }),
      ],
      {
        'apps/web/dist/main.cjs': SERVER,
      },
    )
    const { found, actions } = await w.findings()
    expect(found[0]).toContain('the variable SHAPE is gone')
    expect(found[0]).toMatch(
      /script \S*.*server\.cjs → .*apps\/web\/dist\/main\.cjs, cwd .* → .*apps\/web, args is another/,
    )
    expect(found[1]).toContain('started anew')
    expect(actions).toEqual(['anew'])
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    const answer = await w.answer()
    expect(answer).toMatchObject({
      COLOUR: 'red',
      FROM_SHELL: 'typed once',
      args: ['--fast', 'two words'],
      cwd: join(w.clone, 'apps/web'),
      script: join(w.clone, 'apps/web/dist/main.cjs'),
    })
    expect(answer).not.toHaveProperty('SHAPE')
    const left = readdirSync(w.home.variables.PM2_HOME).filter((name) => name.startsWith('runbook-'))
    expect(left).toEqual([])
    git(w.clone, 'checkout', '--quiet', '--detach', 'HEAD~1')
    expect((await w.rig.run(w.step())).failure).toBeUndefined()
    expect(await w.answer()).toMatchObject({ SHAPE: 'round', script: join(w.clone, 'server.cjs'), args: [] })
  })

  it.each([
    ['more', 1, 3],
    ['fewer', 3, 2],
  ])('in %s instances of a cluster: all of them are new', async (_, from, to) => {
    await w.start(w.shop({ exec_mode: 'cluster', instances: from }))
    w.push([w.shop({ exec_mode: 'cluster', instances: to, env: { COLOUR: 'blue' } })])
    const { found } = await w.findings()
    expect(found[0]).toContain(`${from} instance${from === 1 ? '' : 's'} → ${to}`)
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    expect(run.performed.slice(-2)).toEqual([
      `pm2 scale shop ${to}`,
      'pm2 reload ecosystem.config.cjs --only shop',
    ])
    expect((run.output as { pids: number[] }).pids).toHaveLength(to)
    expect(await w.answer()).toMatchObject({ COLOUR: 'blue' })
  })

  it('in its mode, which a restart does not change', async () => {
    await w.start(w.shop())
    w.push([w.shop({ exec_mode: 'cluster', instances: 2 })])
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    expect((run.output as { pids: number[] }).pids).toHaveLength(2)
    expect(await w.pm2('jlist')).toContain('"exec_mode":"cluster_mode"')
    w.push([w.shop()])
    expect((await w.findings({ how: 'reload' })).failures).toHaveLength(1)
  })

  it('in apps that came and went: they are started and ended, and the other way round', async () => {
    const cron = { name: 'cron', script: 'server.cjs', env: { PORT: 0 } }
    await w.start(w.shop(), cron)
    const now = w.push([w.shop(), { name: 'mailer', script: 'server.cjs', env: { PORT: 0 } }])
    const { found, actions } = await w.findings()
    expect(found).toEqual([
      'ecosystem.config.cjs differs: mailer came with it, and is started',
      'ecosystem.config.cjs differs: cron is no longer in it, and is ended',
    ])
    expect(actions).toEqual(['restart', 'start mailer', 'end cron'])
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    expect(await w.names()).toEqual(['mailer', 'shop'])
    // The way back, to the older revision: what somebody once typed into a shell for it is there again.
    const before = git(w.clone, 'rev-parse', 'HEAD~1')
    const back = await w.rig.run([pullCode({ revision: before }), w.step()])
    expect(back.failure).toBeUndefined()
    expect(await w.names()).toEqual(['cron', 'shop'])
    const listed = JSON.parse(await w.pm2('jlist')) as { name: string; pm2_env: Record<string, string> }[]
    expect(listed.find(({ name }) => name === 'cron')!.pm2_env.FROM_SHELL).toBe('typed once')
    expect(now).not.toBe(before)
  })

  it('in apps of which this host runs a part: nothing is started, and that is said', async () => {
    await w.start(w.shop(), { name: 'cron', script: 'server.cjs', env: { PORT: 0 } })
    await w.pm2('delete', 'cron')
    w.push([w.shop(), { name: 'mailer', script: 'server.cjs', env: { PORT: 0 } }])
    const { found, actions } = await w.findings()
    expect(found[0]).toContain('mailer came with it, and is not started: pm2 runs a part of the file only')
    expect(actions).toEqual(['restart'])
  })

  it('in its own app: renamed it is refused before anything; on the way back to where it was not yet there it is ended', async () => {
    await w.start(w.shop())
    w.push([w.shop(), { name: 'mailer', script: 'server.cjs', env: { PORT: 0 } }])
    const mailer = { process: 'mailer', id: 'restart-mailer', health: false as const }
    const both = await w.rig.run([pullCode(), w.step(), w.step(mailer)])
    expect(both.failure).toBeUndefined()
    const older = pullCode({ revision: git(w.clone, 'rev-parse', 'HEAD~1') })
    // Each by its own step alone.
    const back = await w.rig.run([older, w.step(mailer)])
    expect(back.failure).toBeUndefined()
    expect(await w.names()).toEqual(['shop'])
    expect((await w.rig.run(w.step())).failure).toBeUndefined()

    w.push([{ ...w.shop(), name: 'shop-web' }])
    const { failures } = await w.findings()
    expect(failures).toMatchObject([
      { unmet: [{ fact: 'ecosystem.config.cjs has the app shop', seen: 'it has shop-web' }] },
    ])
  })

  it('anew, and ended in between: the next try starts it with the variables of its own', async () => {
    await w.start(w.shop())
    const kept = join(w.home.variables.PM2_HOME, 'runbook-shop.json')
    // As a kill between the two commands of pm2 leaves it.
    writeFileSync(kept, JSON.stringify({ FROM_SHELL: 'typed once', PATH: process.env.PATH }))
    await w.pm2('delete', 'shop')
    const run = await w.rig.run(w.step())
    expect(run.failure).toBeUndefined()
    expect(await w.answer()).toMatchObject({ FROM_SHELL: 'typed once' })
    expect(existsSync(kept)).toBe(false)
  })

  it('in the variables of the environment that it was started with, and no others', async () => {
    const staged = (colour: string) =>
      w.shop({
        env: { COLOUR: 'none', SHAPE: 'square' },
        env_staging: { COLOUR: 'grey' },
        env_production: { COLOUR: colour },
      })
    w.push([staged('red')])
    git(w.clone, 'pull', '--quiet', '--ff-only')
    await w.pm2('start', 'ecosystem.config.cjs', '--env', 'production')
    w.file('more.txt', 'nothing of it\n')
    expect((await w.findings()).found).toEqual([])
    w.push([staged('blue')])
    expect((await w.findings()).found).toEqual([
      'ecosystem.config.cjs differs from what pm2 runs as shop: the variable COLOUR has another value',
    ])
    const run = await w.deploy()
    expect(run.failure).toBeUndefined()
    expect(run.performed.at(-1)).toBe('pm2 restart ecosystem.config.cjs --only shop --env production')
    expect(await w.answer()).toMatchObject({ COLOUR: 'blue', SHAPE: 'square' })
    w.push([{ ...staged('green'), script: './server.cjs', kill_timeout: 2000, args: 'x' }])
    await w.deploy()
    expect(await w.answer()).toMatchObject({ COLOUR: 'green', args: ['x'] })
    w.push([{ ...staged('green'), script: './server.cjs', kill_timeout: 2000 }])
    const anew = await w.deploy()
    expect(anew.failure).toBeUndefined()
    expect(await w.answer()).toMatchObject({ COLOUR: 'green', args: [], FROM_SHELL: 'typed once' })
  })

  it('in what the time decides: that is no difference', async () => {
    await w.start(w.shop({ env: { COLOUR: 'red' } }))
    const text = (colour: string) =>
      `const { hostname } = require('node:os')\nmodule.exports = { apps: [{ name: 'shop', script: './server.cjs', env: { PORT: ${w.home.port}, COLOUR: '${colour}', SHAPE: String(Date.now()), HOST: hostname() } }] }\n`
    w.file('ecosystem.config.cjs', text('blue'))
    expect((await w.deploy()).failure).toBeUndefined()
    const { found } = await w.findings()
    expect(found).toEqual([])
  })

  it('that is JSON, YAML or an ES module, or cannot be read at all', async () => {
    await w.start(w.shop({ env: { COLOUR: 'red' } }))
    const app = { ...w.shop({ env: { COLOUR: 'blue' } }) }
    w.file('pm2.json', `// with a comment\n${JSON.stringify({ apps: [app] })}`)
    w.file(
      'pm2.yaml',
      `apps:\n  - name: shop\n    script: server.cjs\n    env:\n      PORT: ${w.home.port}\n      COLOUR: blue\n`,
    )
    w.file('eco.config.mjs', `export default { apps: [${JSON.stringify(app)}] }\n`)
    w.file('broken.config.cjs', `module.exports = { apps: [ `)
    for (const ecosystem of ['pm2.json', 'pm2.yaml', 'eco.config.mjs'])
      expect((await w.findings({ ecosystem })).found, ecosystem).toEqual([
        `${ecosystem} differs from what pm2 runs as shop: the variable COLOUR has another value`,
      ])
    expect((await w.findings({ ecosystem: 'broken.config.cjs' })).found[0]).toMatch(/is not known: /)
    // What nobody has said yes to starts nothing and writes nothing; it does when it is deployed.
    const touched = join(w.home.dir, 'touched')
    w.file(
      'starts.config.cjs',
      `require('node:child_process').execFileSync('touch', ['${touched}'])\nmodule.exports = { apps: [${JSON.stringify(app)}] }\n`,
    )
    expect((await w.findings({ ecosystem: 'starts.config.cjs' })).found[0]).toContain(
      'only when it is deployed',
    )
    expect(existsSync(touched)).toBe(false)
    const run = await w.deploy({ ecosystem: 'starts.config.cjs' })
    expect(run.failure).toBeUndefined()
    expect(await w.answer()).toMatchObject({ COLOUR: 'blue' })
  })
})
