import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Cluster, placeCluster, serverUser, stopCluster } from '../../examples/world/cluster.ts'
import { freePort } from '../../examples/world/ports.ts'

/** A physical copy of a server, which follows it until it is told to take its place. */
export const standbyOf = async ({ adminUrl, bin }: Cluster) => {
  const dir = await mkdtemp(join(tmpdir(), 'runbook-standby-'))
  const home = await placeCluster(dir)
  const port = await freePort()
  const call = (program: string, ...args: string[]) =>
    promisify(execFile)(join(bin, program), args, { ...serverUser(), cwd: home })
  const control = (...args: string[]) =>
    call('pg_ctl', '-D', join(home, 'data'), '-l', join(home, 'log'), '-w', ...args)
  await call('pg_basebackup', '-d', adminUrl, '-D', join(home, 'data'), '-X', 'stream', '-c', 'fast', '-R')
  await control('-o', `-p ${port}`, 'start')
  const url = new URL(adminUrl)
  url.port = String(port)
  return {
    port,
    adminUrl: url.href,
    promote: () => control('promote'),
    stop: async () => {
      await stopCluster(home)
      for (const each of [home, dir]) await rm(each, { recursive: true, force: true })
    },
  }
}
