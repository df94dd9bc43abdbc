/** The tables as the code knows them. A column that is missing in the database is an error, as with Prisma. */
export type User = { id: string; email: string; name: string; createdAt: Date; updatedAt: Date }

export type Session = { id: string; userId: string; tokenHash: string; expiresAt: Date; createdAt: Date }

export type AvatarProject = {
  id: string
  userId: string
  name: string
  description: string | null
  createdAt: Date
  updatedAt: Date
}

export type Avatar = {
  id: string
  userId: string
  projectId: string
  name: string
  baseImageUrl: string
  thumbnailUrl: string | null
  createdAt: Date
  updatedAt: Date
  personaName: string | null
  personaAge: number | null
  personaPersonality: string | null
  personaBackground: string | null
  gender: string | null
  ageRange: string | null
  ethnicity: string | null
  bodyType: string | null
  hairStyle: string | null
  hairColor: string | null
  eyeColor: string | null
  skinTone: string | null
  style: string | null
  sourceType: string | null
  generationPrompt: string | null
  seedUsed: number | null
  usageCount: number
  lastUsedAt: Date | null
}

export const userColumns = ['id', 'email', 'name', 'createdAt', 'updatedAt'] as const

export const sessionColumns = ['id', 'userId', 'tokenHash', 'expiresAt', 'createdAt'] as const

export const avatarProjectColumns = ['id', 'userId', 'name', 'description', 'createdAt', 'updatedAt'] as const

/** What a persona, a look and a generation are made of: texts, then whole numbers. */
export const avatarTexts = [
  'personaName',
  'personaPersonality',
  'personaBackground',
  'gender',
  'ageRange',
  'ethnicity',
  'bodyType',
  'hairStyle',
  'hairColor',
  'eyeColor',
  'skinTone',
  'style',
  'sourceType',
  'generationPrompt',
] as const

export const avatarNumbers = ['personaAge', 'seedUsed', 'usageCount'] as const

export const avatarColumns = [
  'id',
  'userId',
  'projectId',
  'name',
  'baseImageUrl',
  'thumbnailUrl',
  'createdAt',
  'updatedAt',
  ...avatarTexts,
  ...avatarNumbers,
  'lastUsedAt',
] as const
