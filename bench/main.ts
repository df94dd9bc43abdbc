import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { backup } from './backup.ts'
import { deployment } from './deployment.ts'
import type { Benchmark } from './figure.ts'
import { holds } from './figure.ts'
import { migration } from './migration.ts'
import { output } from './output.ts'
import { circumstances, figureLine, resultsPage, resultsSection } from './results-page.ts'
import { rollback } from './rollback.ts'
import { runs } from './runs.ts'
import { startup } from './startup.ts'
import { steps } from './steps.ts'
import { buildTool } from './tool.ts'

const benchmarks = [startup, steps, output, runs, deployment, rollback, migration, backup]
const order = benchmarks.map(({ name }) => name)
const results = fileURLToPath(new URL('results.md', import.meta.url))

const main = async (names: readonly string[]): Promise<boolean> => {
  const chosen = names.length ? names.map(named) : benchmarks
  console.log('building the tool')
  buildTool()
  let all = true
  for (const benchmark of chosen) {
    console.log(benchmark.name)
    const measured = circumstances(tmpdir())
    const figures = await inFreshFolder((folder) => benchmark.measure(folder))
    for (const figure of figures) console.log(figureLine(figure))
    all &&= figures.every(holds)
    // At once: a run that is broken off keeps what it has.
    const section = resultsSection(benchmark, figures, measured)
    await writeFile(results, resultsPage(await earlier(), section, order))
  }
  return all
}

const earlier = (): Promise<string> => readFile(results, 'utf8').catch(() => '')

const named = (name: string): Benchmark => {
  const benchmark = benchmarks.find((one) => one.name === name)
  if (benchmark) return benchmark
  throw new Error(`there is no benchmark ${name}; there are ${order.join(', ')}`)
}

const inFreshFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'runbook-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
