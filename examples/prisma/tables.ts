/** The tables of the guide's list, which production did not have. */
export const avatarTables = [
  'avatar_projects',
  'avatars',
  'avatar_presets',
  'persona_examples',
  'avatar_usage_history',
  'avatar_generations',
]
export const poseTables = [
  'pose_categories',
  'pose_library',
  'pose_generator_projects',
  'pose_generations',
  'generated_poses',
  'pose_selections',
  'pose_requests',
]

/** "avatars table has personaName, …" */
export const avatarColumns = {
  personaName: { type: 'text', nullable: true },
  personaAge: { type: 'integer', nullable: true },
  personaPersonality: { type: 'text', nullable: true },
  personaBackground: { type: 'text', nullable: true },
  sourceType: { type: 'text', nullable: false },
  usageCount: { type: 'integer', nullable: false, default: 0 },
  lastUsedAt: { type: 'timestamp(3)', nullable: true },
}

const inPublic = (kind: 'index' | 'constraint', of: string, name: string) => ({
  kind,
  schema: 'public',
  of,
  name,
})

export const foreignKeys = [
  ['avatars', 'projectId'],
  ['avatar_usage_history', 'avatarId'],
  ['pose_library', 'categoryId'],
  ['pose_generations', 'projectId'],
  ['generated_poses', 'generationId'],
  ['pose_selections', 'generationId'],
  ['pose_selections', 'poseId'],
].map(([table, column]) => inPublic('constraint', table!, `${table}_${column}_fkey`))

export const indexes = [
  ['avatar_projects', 'userId_createdAt'],
  ['avatars', 'projectId'],
  ['avatars', 'userId_lastUsedAt'],
  ['avatar_presets', 'category_isPublic'],
  ['persona_examples', 'category_isActive_displayOrder'],
  ['avatar_usage_history', 'referenceId_referenceType'],
  ['avatar_generations', 'projectId_createdAt'],
  ['pose_library', 'isPublic'],
].map(([table, columns]) => inPublic('index', table!, `${table}_${columns}_idx`))
