import { type Command, changes, type Environment, plainVariables, type Text } from '../../runbook/index.ts'
import { asksPm2, type Pm2Limit } from './ask-pm2.ts'

/**
 * Run by node on the host: has pm2 forget an app, and start it from the ecosystem file with the variables that the process
 * had of its own, such as those of the shell in which somebody once started it: nobody else knows them. They are in a file
 * of pm2's folder that only its owner can read until it runs again, for a second try or the way back.
 *
 * Arguments: the file, or nothing where it is not started again; the name of the app; which of its `env_…` are taken;
 * the variables that the file no longer
 * sets.
 */
const ANEW = `
const [file, name, chosen, ...dropped] = process.argv.slice(1)
const fs = require('node:fs'), path = require('node:path'), os = require('node:os')
const { spawnSync } = require('node:child_process')
const home = process.env.PM2_HOME || path.join(os.homedir(), '.pm2')
const kept = path.join(home, 'runbook-' + encodeURIComponent(name) + '.json')
const pm2 = (words, env = process.env) => spawnSync('pm2', words, { encoding: 'utf8', maxBuffer: 1e9, env })
const listed = pm2(['jlist']).stdout.split('\\n').filter((line) => /^\\[(\\{|\\])/.test(line)).pop()
const one = JSON.parse(listed || '[]').find((one) => one.name === name)
let own = {}
if (one) {
  const { env = {}, ...flat } = one.pm2_env
  for (const from of [flat, env])
    for (const [key, value] of Object.entries(from))
      if (typeof value === 'string' && (from === env || /^[A-Z][A-Z0-9_]*$/.test(key)) && !/^(PM2_|NODE_APP_INSTANCE$|NODE_CHANNEL_|unique_id$|km_link$|_$)/.test(key)) own[key] = value
  fs.rmSync(kept, { force: true })
  fs.writeFileSync(kept, JSON.stringify(own), { mode: 0o600 })
} else if (fs.existsSync(kept)) own = JSON.parse(fs.readFileSync(kept, 'utf8'))
for (const key of dropped) delete own[key]
const shown = ({ stdout, stderr, status }) => {
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  if (status !== 0) process.exit(status || 1)
}
if (one) shown(pm2(['delete', name]))
if (file) {
  shown(pm2(['start', file, '--only', name, ...(chosen ? ['--env', chosen] : [])], { ...process.env, ...own, PM2_HOME: home }))
  fs.rmSync(kept, { force: true })
}`.trim()

/** Where the variables of a process stand that was deleted and not started again. */
export const keptVariables = (home: string, process: string): string =>
  `${home}/runbook-${encodeURIComponent(process)}.json`

export const startsAnew = (
  limit: Pm2Limit,
  {
    process,
    ecosystem,
    chosen,
    dropped,
  }: { process: string; ecosystem: string; chosen: string; dropped: readonly string[] },
  { variables, env }: { variables: readonly string[]; env?: Readonly<Record<string, Text>> | undefined },
): Command<'changes'> => ({
  ...asksPm2(limit, [], { variables, env }),
  argv: changes('node', '-e', ANEW, '--', ecosystem, process, chosen, ...dropped).argv,
})

/** Has pm2 forget a process that the file no longer has; its variables are kept for the way back. */
export const endsForGood = (limit: Pm2Limit, process: string): Command<'changes'> => ({
  ...asksPm2(limit, []),
  argv: changes('node', '-e', ANEW, '--', '', process, '').argv,
})

/** What a process that is started for the first time gets of the book. */
export const variablesOfBook = (env: Environment): string[] => Object.keys(plainVariables(env))
