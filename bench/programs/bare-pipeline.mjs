// What a gigabyte costs without a tool: from the child straight into a file. argv: the printer, the file.
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const [printer, file] = process.argv.slice(2)
const child = spawn(process.execPath, [printer], { stdio: ['ignore', 'pipe', 'inherit'] })
await pipeline(child.stdout, createWriteStream(file))
