// Makes a release: the tarball, and beside it what it is made of as a CycloneDX page; `--publish` also publishes it, with
// a provenance statement. Without it nothing leaves this machine. Plain Node, because it runs before anything is built.
//
//   npm run release                  → release/runbook-1.2.3.tgz, release/runbook-1.2.3.cdx.json
//   npm run release -- --publish     in the CI of the repository only: npm gets the provenance from there
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const { publish } = options()
const { name, version } = JSON.parse(read('package.json'))
const folder = join(root, 'release')
const tarball = join(folder, `${name}-${version}.tgz`)
const bill = join(folder, `${name}-${version}.cdx.json`)

demand(git('status', '--porcelain') === '', 'The working tree is not clean.', 'git status')
demand(
  read('CHANGELOG.md').includes(`\n## ${version}`),
  `CHANGELOG.md has no section for ${version}.`,
  `name it: ## ${version}, in the place of ## Unreleased`,
)
mkdirSync(folder, { recursive: true })
npm('pack', '--silent', '--pack-destination', folder)
writeFileSync(bill, `${JSON.stringify(billOfMaterials(), null, 2)}\n`)
for (const file of [tarball, bill]) console.log(`${sha256(file)}  ${file}`)
if (publish) npm('publish', tarball, '--provenance', '--access', 'public')
else console.log('Nothing was published. In the CI of the repository: npm run release -- --publish')

/**
 * What an installation brings, and what is bundled into the package itself. Not by `npm sbom --omit dev` (11.19), which leaves
 * out what something for development wants too.
 */
function billOfMaterials() {
  const { packages } = JSON.parse(read('package-lock.json'))
  const installed = Object.entries(packages).flatMap(([path, { version, dev }]) =>
    path && !dev ? [`${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`] : [],
  )
  const bundled = bundledPackages()
  const comes = ({ name, version }) => bundled.has(name) || installed.includes(`${name}@${version}`)
  const { metadata, components, dependencies, ...bill } = JSON.parse(
    npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'),
  )
  const here = components.filter(comes)
  const refs = new Set([metadata.component['bom-ref'], ...here.map((one) => one['bom-ref'])])
  return {
    ...bill,
    // npm calls it after the folder that it is in.
    metadata: { ...metadata, component: { ...metadata.component, name } },
    components: here.map((one) => ({ ...one, scope: 'required' })),
    dependencies: dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  }
}

/** The bundler writes down from where each part of a file is. */
function bundledPackages() {
  const dist = join(root, 'dist')
  const files = readdirSync(dist).filter((file) => file.endsWith('.js'))
  const parts = files.flatMap((file) => [
    ...readFileSync(join(dist, file), 'utf8').matchAll(
      /^\/\/#region .*\bnode_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
    ),
  ])
  return new Set(parts.map(([, one]) => one))
}

function options() {
  try {
    return parseArgs({ options: { publish: { type: 'boolean', default: false } } }).values
  } catch (error) {
    return giveUp(error.message, 'npm run release, or npm run release -- --publish', 2)
  }
}
function demand(holds, what, remedy) {
  if (!holds) giveUp(what, remedy, 3)
}
function giveUp(what, remedy, exit) {
  console.error(`✖ ${what}\n  fix: ${remedy}`)
  process.exit(exit)
}
function read(file) {
  return readFileSync(join(root, file), 'utf8')
}
function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}
/** Its own words, such as those of a build, go to stderr. */
function npm(...args) {
  try {
    return execFileSync('npm', args, {
      ...{ cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  } catch (error) {
    return giveUp(`npm ${args[0]} failed (exit ${error.status}).`, 'what it printed stands above', 1)
  }
}
