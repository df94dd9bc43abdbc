import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localPackage } from './local-package.ts'

/** A registry of npm on loopback with these versions of `dep`; while it is `down` it refuses everything. */
export const npmRegistry = async (versions: Record<string, { scripts?: Record<string, string> }>) => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook registry '))
  const tarballs = new Map(
    Object.entries(versions).map(([version, { scripts }]) => [
      version,
      readFileSync(localPackage(folder, { name: 'dep', version, ...(scripts && { scripts }) })),
    ]),
  )
  const state = { down: false, asked: 0 }
  const server = createServer((request, answer) => {
    state.asked += 1
    const version = /dep-([\d.]+)\.tgz$/.exec(request.url ?? '')?.[1]
    if (state.down) answer.writeHead(403).end('no')
    else if (version) answer.end(tarballs.get(version))
    else if (request.url === '/dep') {
      const all = [...tarballs].map(([number, bytes]) => [
        number,
        {
          ...{ name: 'dep', version: number, ...versions[number] },
          // As npm would have it from a registry: without this it does not run them.
          ...(versions[number]?.scripts && { hasInstallScript: true }),
          dist: {
            tarball: `${url}/dep/-/dep-${number}.tgz`,
            integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
          },
        },
      ])
      answer.setHeader('content-type', 'application/json')
      answer.end(
        JSON.stringify({ name: 'dep', 'dist-tags': { latest: '1.0.0' }, versions: Object.fromEntries(all) }),
      )
    } else answer.writeHead(404).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    /** A cache of its own each time: what was fetched once is not there again. */
    variables: () => ({
      npm_config_registry: url,
      npm_config_cache: mkdtempSync(join(folder, 'cache ')),
      npm_config_fetch_retries: '0',
      npm_config_update_notifier: 'false',
    }),
    dispose: () => {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
