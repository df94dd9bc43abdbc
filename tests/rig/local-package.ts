import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package as npm would fetch it, as a tarball in `folder`: nothing is asked of a registry. */
export const localPackage = (
  folder: string,
  manifest: { name: string; version: string; os?: string[]; scripts?: Record<string, string> },
): string => {
  const made = join(folder, 'package')
  mkdirSync(made, { recursive: true })
  writeFileSync(join(made, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(made, 'index.js'), `module.exports = '${manifest.version}'\n`)
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`)
  execFileSync('tar', ['-czf', tarball, '-C', folder, 'package'])
  rmSync(made, { recursive: true })
  return tarball
}
