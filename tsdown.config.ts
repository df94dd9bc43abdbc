import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    cli: 'runbook/cli.ts',
    index: 'runbook/index.ts',
    steps: 'steps/index.ts',
    checks: 'checks/index.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: true,
  // A book, its steps and the tool must share one copy of the model.
  external: ['runbook', 'runbook/steps', 'runbook/checks'],
  fixedExtension: false,
  // It is run, not imported.
  copy: ['runbook/doors/inside-closed-network.mjs'],
})
