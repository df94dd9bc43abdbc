import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './figure.ts'
import { type Cost, highest, interleave, ratio, runNode, spread } from './measure.ts'
import { runOnTerminal } from './terminal.ts'
import { cli } from './tool.ts'

const book = fileURLToPath(new URL('books/steps.ts', import.meta.url))
const bareProgram = fileURLToPath(new URL('programs/bare-steps.mjs', import.meta.url))

export const steps: Benchmark = {
  name: 'steps',
  about:
    'A book of 1000 steps, each of which runs `true` and is proven; every step is eight lines of the transcript, and the one before its effect is on the disk (fsync) before `true` starts. Against a bare Node program that writes and fsyncs one line and spawns `true`, 1000 times. Plain: standard output is a file. Terminal: a pseudo-terminal of 120 × 40.',
  measure: async (folder) => {
    const stateDir = join(folder, 'state')
    const deploy = {
      argv: [cli, 'deploy', 'bench', '--config', book, '--state-dir', stateDir, '--yes'],
      cwd: folder,
      env: { BENCH_FOLDER: folder },
      peakFile: join(folder, 'peak'),
    }
    const bareJournal = join(folder, 'bare.jsonl')
    // Without earlier runs: a book that was run before would show how long its steps usually take.
    const afresh = (run: () => Promise<Cost>) => async () => {
      const cost = await run()
      await rm(stateDir, { recursive: true, force: true })
      await rm(bareJournal, { force: true })
      return cost
    }
    const { bare, plain, terminal } = await interleave(
      {
        bare: afresh(() => runNode({ ...deploy, argv: [bareProgram, bareJournal] })),
        plain: afresh(() => runNode({ ...deploy, stdout: join(folder, 'plain.txt') })),
        terminal: afresh(() => runOnTerminal(deploy)),
      },
      { rounds: 7 },
    )
    return [
      {
        what: '1000 steps, plain, against the bare program',
        value: ratio(plain, bare),
        unit: '×',
        limit: { atMost: 2 },
        from: `${spread(plain)}, ${spread(bare)}`,
      },
      {
        what: '1000 steps, on a terminal, against plain',
        value: ratio(terminal, plain),
        unit: '×',
        limit: { atMost: 1.5 },
        from: `${spread(terminal)}, ${spread(plain)}`,
      },
      {
        what: '1000 steps, on a terminal, peak memory',
        value: highest(terminal),
        unit: 'MB',
        limit: { atMost: 150 },
        from: `the highest of ${terminal.length} runs; plain ${highest(plain).toFixed(0)} MB, bare ${highest(bare).toFixed(0)} MB`,
      },
    ]
  },
}
