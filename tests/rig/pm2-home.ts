import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../examples/world/ports.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const programs = path('../../node_modules/.bin')

export interface Release {
  revision?: string
  status?: number
  error?: string
  diesAtOnce?: boolean
  /** Milliseconds. */
  diesAfter?: number
  listensAfter?: number
  /** How long an answer takes, in ms. */
  takes?: number
}

/** A pm2 daemon of one's own, and a folder with an application for it, of which releases can be deployed. */
export const pm2Home = async () => {
  const home = mkdtempSync(join(tmpdir(), 'runbook-pm2-'))
  const dir = join(home, 'the app')
  mkdirSync(dir)
  copyFileSync(path('../fixtures/pm2-app/app.cjs'), join(dir, 'app.cjs'))
  const port = await freePort()
  const variables = { PM2_HOME: join(home, '.pm2'), PATH: `${programs}${delimiter}${process.env.PATH}` }
  const pm2 = async (...args: string[]): Promise<string> => {
    const options = { cwd: dir, env: { ...process.env, ...variables } }
    return (await promisify(execFile)('pm2', args, options)).stdout
  }
  return {
    dir,
    port,
    url: `http://127.0.0.1:${port}`,
    variables,
    pm2,
    release: (release: Release) =>
      writeFileSync(join(dir, 'release.json'), JSON.stringify({ ...release, port })),
    /** The application that runs changes its ways. */
    become: async (other: Release) => {
      await fetch(`http://127.0.0.1:${port}/become`, { method: 'POST', body: JSON.stringify(other) })
    },
    ecosystem: (...apps: object[]) =>
      writeFileSync(join(dir, 'ecosystem.config.cjs'), `module.exports = ${JSON.stringify({ apps })}`),
    /** Until the application answers: before that it may not have read its release. */
    answers: async () => {
      for (let left = 400; left > 0; left -= 1) {
        if (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)) return
        await sleep(25)
      }
      throw new Error('the application under pm2 does not answer')
    },
    dispose: async () => {
      if (existsSync(variables.PM2_HOME)) await pm2('kill')
      rmSync(home, { recursive: true, force: true })
    },
  }
}
