import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const peakHook = fileURLToPath(new URL('programs/write-peak.cjs', import.meta.url))

/** What one run of a program cost. */
export interface Cost {
  /** From its start to its end. */
  ms: number
  /** Its own peak resident memory, without its children's; MB. Not a number where it was not asked for. */
  peak: number
}

export interface NodeProgram {
  argv: readonly string[]
  cwd: string
  env?: NodeJS.ProcessEnv
  /** The file that its standard output goes to. Default: nowhere. */
  stdout?: string
  /** The file through which it tells its peak memory; where absent, it is not measured. */
  peakFile?: string
}

/**
 * Runs a Node program to its end. Timing begins when it has been started, because the fork before costs the more, the
 * larger this process is, and would flatten the ratio of two short ones.
 */
export const runNode = async ({ argv, cwd, env, stdout, peakFile }: NodeProgram): Promise<Cost> => {
  const out = stdout === undefined ? ('ignore' as const) : openSync(stdout, 'w')
  const child = spawn(process.execPath, [...peakArguments(peakFile), ...argv], {
    cwd,
    env: { ...process.env, ...env, ...(peakFile && { BENCH_PEAK_FILE: peakFile }) },
    stdio: ['ignore', out, 'pipe'],
  })
  const began = performance.now()
  let words = ''
  child.stderr!.on('data', (chunk) => {
    words = (words + chunk).slice(-4000)
  })
  const { exit, ms } = await new Promise<{ exit: number | null; ms: number }>((resolve, reject) => {
    let ms = 0
    child.once('error', reject)
    child.once('exit', () => {
      ms = performance.now() - began
    })
    child.once('close', (exit) => resolve({ exit, ms }))
  })
  if (typeof out === 'number') closeSync(out)
  if (exit !== 0) throw new Error(`node ${argv.join(' ')} ended with ${exit}:\n${words}`)
  return { ms, peak: readPeak(peakFile) }
}

/** What a Node program is started with so that it tells its peak memory. */
export const peakArguments = (peakFile: string | undefined): string[] =>
  peakFile === undefined ? [] : ['--require', peakHook]

export const readPeak = (peakFile: string | undefined): number => {
  if (peakFile === undefined || !existsSync(peakFile)) return Number.NaN
  const bytes = Number(readFileSync(peakFile, 'utf8'))
  rmSync(peakFile)
  return bytes / 1e6
}

/** Fewer, for a first look: `BENCH_ROUNDS=1 npm run bench`. */
export const roundsOf = (rounds: number): number =>
  Math.min(rounds, Number(process.env.BENCH_ROUNDS ?? rounds))

/**
 * Runs each contestant once a round, side by side, so that what else the machine does meets all of them. Every second
 * round goes backwards; the first rounds only warm up.
 */
export const interleave = async <Name extends string>(
  contestants: Readonly<Record<Name, () => Promise<Cost>>>,
  { rounds, warmUp = 1 }: { rounds: number; warmUp?: number },
): Promise<Record<Name, Cost[]>> => {
  const most = roundsOf(rounds)
  const names = Object.keys(contestants) as Name[]
  const costs = Object.fromEntries(names.map((name) => [name, [] as Cost[]])) as Record<Name, Cost[]>
  for (let round = 0; round < warmUp + most; round++)
    for (const name of round % 2 ? names.toReversed() : names) {
      const cost = await contestants[name]()
      if (round >= warmUp) costs[name].push(cost)
    }
  return costs
}

/** How long one took as a multiple of the other: the median of the rounds' own ratios. */
export const ratio = (ours: readonly Cost[], theirs: readonly Cost[]): number =>
  median(ours.map(({ ms }, round) => ms / theirs[round]!.ms))

/** The middle and the whole range, for people: `57 ms (55–71)`. */
export const spread = (costs: readonly Cost[]): string => {
  const all = costs.map(({ ms }) => ms)
  const seconds = median(all) >= 1000
  const show = (ms: number) => (seconds ? (ms / 1000).toFixed(2) : ms.toFixed(0))
  return `${show(median(all))} ${seconds ? 's' : 'ms'} (${show(Math.min(...all))}–${show(Math.max(...all))})`
}

/** A limit of memory must hold in every round. */
export const highest = (costs: readonly Cost[]): number => Math.max(...costs.map(({ peak }) => peak))

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
