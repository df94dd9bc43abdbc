import prisma from '../../../db/client'
import type { Avatar, AvatarProject } from '../../../db/schema'

export type ProjectWithAvatars = AvatarProject & { avatars: Avatar[] }

/** The projects of a user, the newest first, each with its avatars. */
export async function findProjects(userId: string): Promise<ProjectWithAvatars[]> {
  const projects = await prisma.avatarProject.findMany({ where: { userId }, orderBy: { createdAt: 'desc' } })
  const avatars = await prisma.avatar.findMany({
    where: { projectId: { in: projects.map((project) => project.id) } },
    orderBy: { createdAt: 'asc' },
  })
  return projects.map((project) => ({
    ...project,
    avatars: avatars.filter((avatar) => avatar.projectId === project.id),
  }))
}

/** A new project, still without avatars. */
export async function createProject(
  data: Pick<AvatarProject, 'userId' | 'name' | 'description'>,
): Promise<ProjectWithAvatars> {
  return { ...(await prisma.avatarProject.create({ data })), avatars: [] }
}

/** False where the user has no such project. Its avatars go with it, by the foreign key. */
export async function deleteProject(userId: string, id: string): Promise<boolean> {
  return (await prisma.avatarProject.deleteMany({ where: { userId, id } })).count > 0
}

/** Undefined where the user has no such project. */
export async function createAvatar(
  userId: string,
  projectId: string,
  data: Partial<Avatar>,
): Promise<Avatar | undefined> {
  const project = await prisma.avatarProject.findFirst({ where: { userId, id: projectId } })
  return project ? prisma.avatar.create({ data: { ...data, userId, projectId } }) : undefined
}
