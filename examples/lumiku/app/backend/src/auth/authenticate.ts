import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import prisma from '../db/client'
import { HttpError } from '../http/http-error'

/** The user whose session the Bearer token belongs to. Only hashes of tokens are kept. */
export async function authenticate(request: IncomingMessage): Promise<string> {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (!token) throw new HttpError(401, 'a Bearer token is required')
  const tokenHash = createHash('sha256').update(token).digest('hex')
  const session = await prisma.session.findFirst({ where: { tokenHash } })
  if (!session || session.expiresAt <= new Date())
    throw new HttpError(401, 'the token is unknown or has expired')
  return session.userId
}
