import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { withoutBinding } from '../../runbook/doors/without-binding.ts'

const framed = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
const sasl = (...mechanisms: string[]) =>
  framed('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from(`${mechanisms.join('\0')}\0\0`)]))
const version = framed('v', Buffer.from([0, 3, 0, 0, 0, 0, 0, 0]))
const rest = Buffer.concat([framed('R', Buffer.from([0, 0, 0, 0])), framed('Z', Buffer.from('I'))])

const bothWays = async (...messages: Buffer[]) => {
  const all = Buffer.concat(messages)
  const bytes = [...all].map((byte) => Buffer.from([byte]))
  const through = (chunks: Buffer[]) => buffer(Readable.from(chunks).pipe(withoutBinding()))
  const [whole, inPieces] = [await through([all]), await through(bytes)]
  expect(whole).toEqual(inPieces)
  return whole
}

test('the offer to bind is left out, whatever comes before and behind it', async () => {
  const offer = sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256')
  expect(await bothWays(offer, rest)).toEqual(Buffer.concat([sasl('SCRAM-SHA-256'), rest]))
  expect(await bothWays(version, offer, rest)).toEqual(Buffer.concat([version, sasl('SCRAM-SHA-256'), rest]))
})

test.each([
  ['another way to sign in', framed('R', Buffer.from([0, 0, 0, 5, 1, 2, 3, 4]))],
  ['nobody is asked', rest],
  ['a refusal', framed('E', Buffer.from('SFATAL\0Mno\0\0'))],
  ['what only looks like an offer, later', Buffer.concat([rest, sasl('SCRAM-SHA-256-PLUS')])],
  ['nothing', Buffer.alloc(0)],
  ['a broken message', Buffer.from('R\0')],
])('%s stays as it is', async (_, message) => {
  expect(await bothWays(message)).toEqual(message)
})
