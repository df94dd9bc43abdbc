import { model } from './model'
import { pool } from './pool'
import {
  type Avatar,
  type AvatarProject,
  avatarColumns,
  avatarProjectColumns,
  type Session,
  sessionColumns,
  type User,
  userColumns,
} from './schema'

const prisma = {
  user: model<User>(pool, 'users', userColumns),
  session: model<Session>(pool, 'sessions', sessionColumns),
  avatarProject: model<AvatarProject>(pool, 'avatar_projects', avatarProjectColumns),
  avatar: model<Avatar>(pool, 'avatars', avatarColumns),
  $connect: async () => void (await pool.query('SELECT 1')),
  $disconnect: () => pool.end(),
}

/** The application's only way to its database; shaped like the Prisma client that it stands for. */
export default prisma
