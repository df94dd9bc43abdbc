// Presets and examples that the Avatar Creator offers. Run by `prisma db seed`; a second run changes nothing.
import { connect } from '../src/database.mjs'

const prisma = connect()
const presets = ['Professional', 'Casual', 'Fantasy'].map((name, i) => ({
  id: `preset-${i + 1}`,
  name,
  previewImageUrl: `https://cdn.example.com/presets/${name.toLowerCase()}.jpg`,
  category: name.toLowerCase(),
  personaTemplate: '{}',
  visualAttributes: '{}',
  generationPrompt: `A ${name.toLowerCase()} portrait`,
}))
const examples = ['Ada', 'Grace', 'Edsger'].map((name, i) => ({
  id: `example-${i + 1}`,
  name,
  category: 'tech',
  personaName: name,
  personaAge: 30 + i,
  personaPersonality: 'precise',
  personaBackground: 'writes programs',
  displayOrder: i,
}))
const categories = ['Standing', 'Sitting'].map((name, i) => ({ id: `pose-category-${i + 1}`, name }))

try {
  const made = await prisma.$transaction([
    prisma.avatarPreset.createMany({ data: presets, skipDuplicates: true }),
    prisma.personaExample.createMany({ data: examples, skipDuplicates: true }),
    prisma.poseCategory.createMany({ data: categories, skipDuplicates: true }),
  ])
  console.log(`seeded ${made.reduce((sum, { count }) => sum + count, 0)} rows`)
} finally {
  await prisma.$disconnect()
}
