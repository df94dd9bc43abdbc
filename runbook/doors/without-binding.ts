import { Transform } from 'node:stream'

const SASL = 10
const BINDS = 'SCRAM-SHA-256-PLUS'

/**
 * What a server says to a client who comes by a way without TLS, of which the server knows nothing: the offer to bind who
 * signs in to the encrypted connection is left out, because libpq takes it for an attack there.
 * https://www.postgresql.org/docs/current/sasl-authentication.html
 */
export const withoutBinding = (): Transform => {
  let waiting: Buffer = Buffer.alloc(0)
  let past = false
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (past) return done(null, chunk)
      waiting = Buffer.concat([waiting, chunk])
      // Before it asks who is there, it may negotiate the version ('v').
      for (;;) {
        if (waiting.length < 5) return done()
        const length = 1 + waiting.readUInt32BE(1)
        const type = String.fromCharCode(waiting[0]!)
        if (type !== 'R' && type !== 'v') break
        if (waiting.length < length) return done()
        const message = waiting.subarray(0, length)
        waiting = waiting.subarray(length)
        this.push(type === 'R' ? unbound(message) : message)
        if (type === 'R') break
      }
      past = true
      if (waiting.length) this.push(waiting)
      waiting = Buffer.alloc(0)
      done()
    },
    flush(done) {
      done(null, waiting.length ? waiting : undefined)
    },
  })
}

const unbound = (message: Buffer): Buffer => {
  if (message.readUInt32BE(5) !== SASL) return message
  const offered = message.subarray(9).toString('latin1').split('\0').filter(Boolean)
  const left = Buffer.from(`${offered.filter((one) => one !== BINDS).join('\0')}\0\0`, 'latin1')
  const head = Buffer.from(message.subarray(0, 9))
  head.writeUInt32BE(8 + left.length, 1)
  return Buffer.concat([head, left])
}
