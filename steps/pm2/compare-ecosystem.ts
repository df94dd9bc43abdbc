/**
 * Run by node on the host, with what the ecosystem file may read in its variables: evaluates the file as pm2 does, and holds
 * an app of it against what pm2 runs. It prints names of variables, never their values: a file of this kind is where people
 * keep passwords.
 *
 * Arguments: the file, the name of the app, and which of its `env_…` count, where that is known:
 * '-' none, '' those that it runs with. Standard input, as JSON: `list`, what `pm2 jlist` printed; `code` and
 * `before`, the file as the incoming and the previous revision have it, where it is not the one on the disk.
 */
export const COMPARE = `
const [file, name, wanted = ''] = process.argv.slice(1)
const fs = require('node:fs'), path = require('node:path'), os = require('node:os'), Module = require('node:module')
const given = JSON.parse(fs.readFileSync(0, 'utf8'))
const place = path.resolve(file)
// What the file prints is none of the answer.
const print = process.stdout.write.bind(process.stdout)
console.log = console.info = console.warn = console.error = () => {}

const yaml = (text) => {
  for (const folder of (process.env.PATH || '').split(path.delimiter)) {
    const pm2 = path.join(folder, 'pm2')
    if (fs.existsSync(pm2)) return Module.createRequire(fs.realpathSync(pm2))('js-yaml').load(text)
  }
}
const evaluate = async (code) => {
  if (/\\.ya?ml$/.test(place)) return yaml(code === undefined ? fs.readFileSync(place, 'utf8') : code)
  if (/\\.json5?$/.test(place))
    return require('node:vm').runInThisContext('(' + (code === undefined ? fs.readFileSync(place, 'utf8') : code) + ')')
  let made
  if (code === undefined) {
    try {
      delete require.cache[require.resolve(place)]
      made = require(place)
    } catch (error) {
      if (error.code !== 'ERR_REQUIRE_ESM') throw error
      made = await import(require('node:url').pathToFileURL(place).href)
    }
  } else {
    // Its own place, so that it finds what stands beside it.
    const module = new Module(place)
    module.filename = place
    module.paths = Module._nodeModulePaths(path.dirname(place))
    try {
      module._compile(code, place)
      made = module.exports
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      made = await import('data:text/javascript;base64,' + Buffer.from(code).toString('base64'))
    }
  }
  return made && made.default && !made.apps ? made.default : made
}
const appsOf = (made) =>
  [].concat((made && (made.apps || made.pm2)) || made || []).map((app) => ({
    ...app,
    name: app.name !== undefined ? String(app.name) : path.basename(String(app.script || '')).replace(/\\.[^.]*$/, ''),
  }))
const words = (value) =>
  value === undefined || value === null ? '' : [].concat(value).join(' ').replace(/["']/g, '').replace(/\\s+/g, ' ').trim()
const valueOf = (value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value))
// pm2 start --env production puts env_production over env, and keeps no note of it: what runs tells.
const envOf = (app, chosen) => ({ ...app.env, ...(chosen && app['env_' + chosen]) })
const chosenBy = (versions, env) => {
  const namesIn = (app) => Object.keys(app).flatMap((key) => (/^env_./.test(key) ? [key.slice(4)] : []))
  const fitsIn = (app, chosen) => {
    const own = envOf(app, chosen)
    const keys = new Set(namesIn(app).flatMap((one) => Object.keys(app['env_' + one] || {})))
    const isSo = (key) => (own[key] === undefined ? env[key] === undefined : env[key] !== undefined && valueOf(env[key]) === valueOf(own[key]))
    return [...keys].filter(isSo).length
  }
  // It may have been started from either.
  const fits = (chosen) => versions.reduce((sum, app) => sum + fitsIn(app, chosen), 0)
  return ['', ...new Set(versions.flatMap(namesIn))].reduce((best, one) => (fits(one) > fits(best) ? one : best))
}
const variablesOf = (app) =>
  Object.entries(app.env || {}).filter(([key, value]) => value !== undefined && key !== 'io' && key !== 'current_conf')
// What is compared with what runs, and not with what the file said before.
const LOOKED_AT = ['name', 'env', 'script', 'cmd', 'command', 'cwd', 'args', 'instances', 'exec_mode', 'node_args', 'interpreter_args']

// A value that is another at each reading, such as the time, is no difference.
const Time = Date, random = Math.random
const later = async (work) => {
  const ahead = 400 * 86400000 + 12345678
  globalThis.Date = class extends Time {
    constructor(...parts) {
      if (parts.length) super(...parts)
      else super(Time.now() + ahead)
    }
    static now() { return Time.now() + ahead }
  }
  Math.random = () => (random() + 0.5) % 1
  try {
    return await work()
  } finally {
    globalThis.Date = Time
    Math.random = random
  }
}

const compare = (app, again, before, running) => {
  const differs = []
  const steady = (key) => valueOf((app.env || {})[key]) === valueOf(((again && again.env) || {})[key])
  const say = (kind, what, from, to) => differs.push({ kind, what, ...(from !== undefined && { from: String(from), to: String(to) }) })
  const first = running[0].pm2_env
  for (const [key, value] of variablesOf(app)) {
    if (!steady(key)) continue
    const has = (env) => (env[key] !== undefined ? env[key] : (env.env || {})[key])
    const seen = running.map(({ pm2_env }) => has(pm2_env))
    if (seen.every((one) => one !== undefined && valueOf(one) === valueOf(value))) continue
    say(seen.every((one) => one === undefined) ? 'new-variable' : 'variable', key)
  }
  if (before) {
    const now = new Set(variablesOf(app).map(([key]) => key))
    for (const [key, value] of variablesOf(before))
      if (!now.has(key) && running.some(({ pm2_env }) => pm2_env[key] !== undefined && valueOf(pm2_env[key]) === valueOf(value)))
        say('no-variable', key)
  }
  const script = app.script || app.cmd || app.command
  const cwd = app.cwd ? path.resolve(String(app.cwd)) : process.cwd()
  const real = (one) => { try { return fs.realpathSync(one) } catch { return one } }
  const isShell = typeof script === 'string' && script.includes(' ')
  if (typeof script === 'string' && !isShell) {
    const wanted = path.resolve(cwd, script)
    // What is not there is a program, or comes with the revision.
    const isFile = /[./]/.test(script)
    if (isFile && real(wanted) !== real(first.pm_exec_path)) say('script', 'script', first.pm_exec_path, wanted)
  }
  if (real(cwd) !== real(first.pm_cwd)) say('cwd', 'cwd', first.pm_cwd, cwd)
  const args = isShell ? words(['-c', script]) : words(app.args)
  if (args !== words(first.args)) say(args ? 'args' : 'no-args', 'args')
  const nodeArgs = words(app.node_args || app.interpreter_args)
  if (nodeArgs !== words(first.node_args)) say(nodeArgs ? 'node_args' : 'no-node_args', 'node_args')
  const cores = os.availableParallelism ? os.availableParallelism() : os.cpus().length
  const asked = app.instances === undefined ? 1 : app.instances === 'max' ? cores : Number(app.instances)
  const count = asked > 0 ? asked : Math.max(1, cores + asked)
  if (Number.isInteger(count) && count !== running.length) say('instances', 'instances', running.length, count)
  const interpreter = String(app.interpreter || app.exec_interpreter || 'node')
  const mode = app.exec_mode
    ? String(app.exec_mode).replace(/^(fork|cluster)$/, '$1_mode')
    : app.instances !== undefined && Number.isInteger(asked) && /(^|\\/)(node|bun)$/.test(interpreter) && /\\.[cm]?js$/.test(String(script))
      ? 'cluster_mode'
      : 'fork_mode'
  if (mode !== first.exec_mode) say('mode', 'exec_mode', String(first.exec_mode).replace('_mode', ''), mode.replace('_mode', ''))
  if (before)
    for (const key of new Set([...Object.keys(before), ...Object.keys(app)])) {
      if (LOOKED_AT.includes(key) || /^env_/.test(key)) continue
      if (JSON.stringify(before[key]) === JSON.stringify(app[key])) continue
      say(app[key] === undefined ? 'no-option' : 'option', key)
    }
  return differs
}

// Another application may have a process of the same name.
const isOurs = ({ pm2_env: { pm_cwd = '', pm_exec_path = '' } }) =>
  [pm_cwd, pm_exec_path].some((one) => one === process.cwd() || one.startsWith(process.cwd() + '/'))

const main = async () => {
  const apps = appsOf(await evaluate(given.code))
  let before
  try {
    before = given.before === undefined ? undefined : appsOf(await evaluate(given.before))
  } catch {}
  const running = given.list.filter((one) => one.name === name)
  const named = (list) => list && list.find((one) => one.name === name)
  const app = named(apps)
  const again = app && running.length ? named(appsOf(await later(() => evaluate(given.code)))) : undefined
  const names = apps.map((one) => one.name)
  const runs = new Set(given.list.map((one) => one.name))
  const old = before && before.map((one) => one.name)
  const versions = [named(before), app].filter(Boolean)
  const chosen = wanted === '-' ? '' : wanted || (running.length ? chosenBy(versions, running[0].pm2_env) : '')
  const withEnv = (one) => one && { ...one, env: envOf(one, chosen) }
  return {
    names,
    chosen,
    has: app !== undefined,
    differs: app && running.length ? compare(withEnv(app), withEnv(again), withEnv(named(before)), running) : [],
    variables: running.length
      ? Object.entries(running[0].pm2_env).flatMap(([key, value]) =>
          typeof value === 'string' && /^[A-Z][A-Z0-9_]*$/.test(key) && !/^(PM2_|NODE_APP_INSTANCE$|NODE_CHANNEL_)/.test(key) ? [key] : [])
      : [],
    more: old ? names.filter((one) => one !== name && !old.includes(one) && !runs.has(one)) : [],
    fewer: old ? old.filter((one) => one !== name && !names.includes(one) && runs.has(one)) : [],
    // A host may run a part of the file only.
    whole: old !== undefined && old.every((one) => runs.has(one)),
    own: given.list.filter(isOurs).map((one) => one.name),
  }
}
main().then(
  (answer) => print(JSON.stringify(answer), () => process.exit(0)),
  (error) => {
    const denied = error && error.code === 'ERR_ACCESS_DENIED'
    const why = denied ? 'it starts a program or writes a file, which it may only when it is deployed' : String((error && error.message) || error).split('\\n')[0]
    print(JSON.stringify({ why }), () => process.exit(0))
  },
)`.trim()
