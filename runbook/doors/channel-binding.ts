import type { Client } from 'pg'
import { cut } from './silent-server.ts'

const PLUS = 'SCRAM-SHA-256-PLUS'
const REFUSED = 'channel_binding=require, and the server did not authenticate with channel binding'

/**
 * Has a client go on only with a server that proves to have the password and to be the one at the end of this very encrypted
 * connection (`channel_binding=require`); any other gets neither the password nor what is made of it. Before `connect`; gives
 * why it was refused, once it was.
 */
export const demandBinding = (client: Client): (() => Error | undefined) => {
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  let refused: Error | undefined
  let proven = false
  const refuse = () => {
    refused ??= new Error(REFUSED)
    cut(client)
  }
  connection.on('authenticationCleartextPassword', refuse)
  connection.on('authenticationMD5Password', refuse)
  connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
    if (!mechanisms.includes(PLUS)) refuse()
  })
  connection.on('authenticationSASLFinal', () => {
    proven = true
  })
  connection.on('authenticationOk', () => {
    if (!proven) refuse()
  })
  return () => refused
}
