// Compiles src/ into a fresh dist/ and stamps it with the commit that it was built from.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// As an import it would be read twice, first for its names.
const ts = createRequire(import.meta.url)('typescript')
const backend = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${backend}/dist`, { recursive: true, force: true })

// Types are checked by `npm run typecheck`; here they, and reading what describes them, would cost most of the time.
const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${backend}/tsconfig.json`, {}, ts.sys)
const compiled = fileNames.map((fileName) => {
  const source = readFileSync(fileName, 'utf8')
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName,
    compilerOptions: options,
    reportDiagnostics: true,
  })
  return { place: fileName.replace(/\/src\/(.*)\.ts$/, '/dist/$1.js'), outputText, diagnostics }
})
const mistakes = compiled.flatMap(({ diagnostics }) => diagnostics)
if (mistakes.length) {
  console.log(
    ts.formatDiagnostics(mistakes, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => backend,
      getNewLine: () => '\n',
    }),
  )
  process.exit(1)
}
for (const { place, outputText } of compiled) {
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, outputText)
}

const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: backend, encoding: 'utf8' })
const revision = git.status === 0 ? git.stdout.trim() : 'unknown'
writeFileSync(
  `${backend}/dist/build.json`,
  `${JSON.stringify({ revision, builtAt: new Date().toISOString() })}\n`,
)
console.log(`built dist/ from ${revision.slice(0, 10)}`)
