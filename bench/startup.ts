import type { Benchmark } from './figure.ts'
import { interleave, ratio, runNode, spread } from './measure.ts'
import { cli } from './tool.ts'

export const startup: Benchmark = {
  name: 'startup',
  about: 'The built tool answers `--version` and `--help`; against `node -e 0`, which does nothing.',
  measure: async (cwd) => {
    const contestants = {
      node: () => runNode({ argv: ['-e', '0'], cwd }),
      version: () => runNode({ argv: [cli, '--version'], cwd }),
      help: () => runNode({ argv: [cli, '--help'], cwd }),
    }
    const { node, version, help } = await interleave(contestants, { rounds: 60, warmUp: 5 })
    return [
      {
        what: '`runbook --version`, against `node -e 0`',
        value: ratio(version, node),
        unit: '×',
        limit: { atMost: 1.25 },
        from: `${spread(version)}, ${spread(node)}`,
      },
      {
        what: '`runbook --help`, against `node -e 0`',
        value: ratio(help, node),
        unit: '×',
        limit: { atMost: 1.25 },
        from: `${spread(help)}, ${spread(node)}`,
      },
    ]
  },
}
