// The first process in a closed network: what connects to one of its addresses is handed on to the copy's holder outside,
// by a socket in the file system, which leads out of a network namespace. Everything else in the world is not there.
// It runs as it stands here, also beside the built package: node inside-closed-network.mjs <folder> -- <program> …
import { spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'

const [folder, , ...argv] = process.argv.slice(2)
const { listen, as } = JSON.parse(readFileSync(`${folder}/inside.json`, 'utf8'))

// Without whoever started it nothing may go on: the kernel ends everything in here with its first process.
const control = net.connect(`${folder}/control`)
const over = () => process.exit(constants.signals.SIGKILL + 128)
control.on('close', over).on('error', over)

/** Hands each connection on. */
const relay = () =>
  net.createServer({ allowHalfOpen: true }, (inner) => {
    const outer = net.connect({ path: `${folder}/copy`, allowHalfOpen: true })
    inner.pipe(outer).pipe(inner)
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy())
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy())
  })

// Names mean what they mean outside, where they are looked up.
const waiting = new Map()
let asked = 0
createInterface({ input: control }).on('line', (line) => {
  const { id, addresses } = JSON.parse(line)
  waiting.get(id)?.(addresses)
  waiting.delete(id)
})
const lookUp = (name) =>
  new Promise((resolve) => {
    asked += 1
    waiting.set(asked, resolve)
    control.write(`${JSON.stringify({ id: asked, name })}\n`)
  })

const A = 1
const AAAA = 28
const NO_SUCH_NAME = 3
/** Of one question, as resolvers send it (RFC 1035); undefined: of another kind. */
const questionIn = (message) => {
  if (message.length < 17) return undefined
  const labels = []
  let at = 12
  while (message[at]) {
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]))
    at += message[at] + 1
    if (at + 4 >= message.length) return undefined
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 }
}
const bytesOf = (address) => {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head, tail] = address.split('::').map((half) => (half ? half.split(':') : []))
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
const answerTo = (message, { end }, addresses, known) => {
  const header = Buffer.from(message.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (known ? 0 : NO_SUCH_NAME), 2)
  for (const [at, count] of [1, addresses.length, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * at)
  const records = addresses.map((address) => {
    const bytes = bytesOf(address)
    const type = net.isIPv4(address) ? A : AAAA
    // The name is that of the question; a minute.
    return Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length]), bytes])
  })
  return Buffer.concat([header, message.subarray(12, end), ...records])
}
const names = dgram.createSocket('udp4', async (message, { address, port }) => {
  const question = questionIn(message)
  if (!question) return
  const all = await lookUp(question.name)
  const wanted = all.filter((one) => question.type === (net.isIPv4(one) ? A : AAAA))
  names.send(answerTo(message, question, wanted, all.length > 0), port, address)
})
names.on('error', () => {})

const listening = listen.map(async ({ host, port }) => {
  const server = relay()
  server.listen({ host, port, ipv6Only: true })
  try {
    await once(server, 'listening')
  } catch (error) {
    // Where IPv6 is off, nothing could reach that address either.
    if (!net.isIPv6(host)) throw error
  }
})
names.bind(53, '127.0.0.1')
await Promise.all([once(names, 'listening'), once(control, 'connect'), ...listening])

const { RUNBOOK_NODE_OPTIONS, ...env } = process.env
if (RUNBOOK_NODE_OPTIONS) env.NODE_OPTIONS = RUNBOOK_NODE_OPTIONS
else delete env.NODE_OPTIONS
const [program, ...args] = [...as, ...argv]
const child = spawn(program, args, { stdio: 'inherit', env })
// Whoever ends the process group ends the program too; how that ends is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
child.on('error', ({ code, message }) => {
  process.stderr.write(`${code === 'ENOENT' ? `${argv[0]} is not there` : message}\n`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
