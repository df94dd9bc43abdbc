// Prints 1 GB of what a build prints, in lines of 100 bytes. Every thousandth has a secret in it.
import { writeSync } from 'node:fs'

const line = (i) =>
  `[${i % 60}s] compiling "src/modules/feature-${i % 100}.ts" → dist/modules/feature-${i % 100}.js`
const lines = Array.from({ length: 1000 }, (_, i) => padded(line(i)))
lines[500] = padded(`connecting with token ${process.env.API_TOKEN}`)
const block = Buffer.from(`${lines.join('\n')}\n`)

for (let left = 1e9; left > 0; left -= block.length) print(block.subarray(0, left))

function print(bytes) {
  for (let from = 0; from < bytes.length; ) from += writeSync(1, bytes, from)
}

function padded(text) {
  return text + ' '.repeat(99 - Buffer.byteLength(text))
}
