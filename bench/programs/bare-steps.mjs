// What 1000 steps cost without a tool: a line that announces, on the disk, and then the program. argv: the journal.
import { spawn } from 'node:child_process'
import { fsyncSync, openSync, writeSync } from 'node:fs'

const journal = openSync(process.argv[2], 'a')
for (let seq = 0; seq < 1000; seq++) {
  const event = {
    seq,
    at: new Date().toISOString(),
    type: 'action-started',
    step: `step-${seq}`,
    printed: 'true',
  }
  writeSync(journal, `${JSON.stringify(event)}\n`)
  fsyncSync(journal)
  await run('true')
}

function run(program) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => writeSync(journal, chunk))
    child.on('error', reject)
    child.on('close', resolve)
  })
}
