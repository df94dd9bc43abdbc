import { type Cost, type NodeProgram, peakArguments, readPeak } from './measure.ts'

/** Runs a Node program to its end on a terminal of its own, which takes whatever it draws. */
export const runOnTerminal = async ({ argv, cwd, env, peakFile }: NodeProgram): Promise<Cost> => {
  const { spawn } = await import('@lydell/node-pty')
  const began = performance.now()
  const terminal = spawn(process.execPath, [...peakArguments(peakFile), ...argv], {
    name: 'xterm-256color',
    cols: 120,
    rows: 40,
    cwd,
    env: { ...process.env, ...env, ...(peakFile && { BENCH_PEAK_FILE: peakFile }) },
  })
  let drawn = ''
  terminal.onData((data) => {
    drawn = (drawn + data).slice(-4000)
  })
  const { exitCode } = await new Promise<{ exitCode: number }>((resolve) => terminal.onExit(resolve))
  const ms = performance.now() - began
  if (exitCode !== 0) throw new Error(`node ${argv.join(' ')} ended with ${exitCode}:\n${drawn}`)
  return { ms, peak: readPeak(peakFile) }
}
