import { createHash } from 'node:crypto'

/** An answer that is the caller's to mend: its message is sent, nothing is logged. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

const avatars = { avatars: true }

/** The Avatar Creator's projects, for the user of a token: by method and path. */
export const projectRoutes = (prisma) => ({
  'GET /api/apps/avatar-creator/projects': async ({ userId }) => ({
    status: 200,
    body: await prisma.avatarProject.findMany({
      where: { userId },
      orderBy: { createdAt: 'desc' },
      include: avatars,
    }),
  }),
  'POST /api/apps/avatar-creator/projects': async ({ userId, body }) => {
    const { name, description = null } = body
    if (typeof name !== 'string' || !name.trim()) throw new HttpError(400, 'name is required')
    return {
      status: 201,
      body: await prisma.avatarProject.create({ data: { userId, name, description }, include: avatars }),
    }
  },
  'DELETE /api/apps/avatar-creator/projects/:id': async ({ userId, id }) => {
    const { count } = await prisma.avatarProject.deleteMany({ where: { id, userId } })
    if (!count) throw new HttpError(404, `no project ${id}`)
    return { status: 204 }
  },
  'POST /api/apps/avatar-creator/projects/:id/avatars': async ({ userId, id: projectId, body }) => {
    if (!(await prisma.avatarProject.findFirst({ where: { id: projectId, userId } })))
      throw new HttpError(404, `no project ${projectId}`)
    const { name, baseImageUrl, personaName = null, personaAge = null, sourceType = 'upload' } = body
    if (!name || !baseImageUrl) throw new HttpError(400, 'name and baseImageUrl are required')
    const data = { userId, projectId, name, baseImageUrl, personaName, personaAge, sourceType }
    return { status: 201, body: await prisma.avatar.create({ data }) }
  },
})

/** The user whose session the Bearer token belongs to. Only hashes of tokens are kept. */
export const authenticate = async (prisma, header = '') => {
  const token = /^Bearer (\S+)$/.exec(header)?.[1]
  if (!token) throw new HttpError(401, 'a Bearer token is required')
  const tokenHash = createHash('sha256').update(token).digest('hex')
  const session = await prisma.session.findUnique({ where: { tokenHash } })
  if (!session || session.expiresAt <= new Date())
    throw new HttpError(401, 'the token is unknown or has expired')
  return session.userId
}
