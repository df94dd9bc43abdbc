/** The file that the guide greps, and the line that it should show. */
export const repository = 'backend/src/apps/avatar-creator/repositories/avatar-creator.repository.ts'
export const builtRepository = 'backend/dist/apps/avatar-creator/repositories/avatar-creator.repository.js'
export const goodImport = "import prisma from '../../../db/client'"

const time = { type: 'timestamp(3) with time zone', nullable: false }

/** The 8 columns of `avatars` before the deployment. */
export const columnsBefore = {
  id: { type: 'text', nullable: false, default: 'cuid()' },
  userId: { type: 'text', nullable: false },
  projectId: { type: 'text', nullable: false },
  name: { type: 'text', nullable: false },
  baseImageUrl: { type: 'text', nullable: false },
  thumbnailUrl: { type: 'text', nullable: true },
  createdAt: time,
  updatedAt: time,
}

/** The 18 columns that the migration adds, in the groups of the guide. */
export const columnsAdded = {
  // Persona: character personality and background
  personaName: 'text',
  personaAge: 'integer',
  personaPersonality: 'text',
  personaBackground: 'text',
  // Visual attributes
  gender: 'text',
  ageRange: 'text',
  ethnicity: 'text',
  bodyType: 'text',
  hairStyle: 'text',
  hairColor: 'text',
  eyeColor: 'text',
  skinTone: 'text',
  style: 'text',
  // Generation info
  sourceType: { type: 'text', nullable: true },
  generationPrompt: 'text',
  seedUsed: 'integer',
  usageCount: { type: 'integer', nullable: false, default: 0 },
  lastUsedAt: { type: 'timestamp with time zone', nullable: true },
}
