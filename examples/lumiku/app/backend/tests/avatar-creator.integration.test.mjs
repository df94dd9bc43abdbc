// Walks through the running application as a client: API_URL (or the port in backend/.env), LUMIKU_TOKEN.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parseEnv } from 'node:util'

const { API_URL = urlOfThisServer(), LUMIKU_TOKEN } = process.env
const projects = '/api/apps/avatar-creator/projects'
const persona = {
  personaName: 'John Doe',
  personaAge: 30,
  personaPersonality: 'calm',
  personaBackground: 'a sailor',
}
const look = { gender: 'male', ageRange: '25-35', ethnicity: 'any', bodyType: 'slim', hairStyle: 'short' }
const colours = { hairColor: 'brown', eyeColor: 'green', skinTone: 'light', style: 'professional' }
const origin = { sourceType: 'upload', generationPrompt: 'a portrait', seedUsed: 42, usageCount: 1 }
const avatar = {
  name: 'Test Avatar',
  baseImageUrl: 'https://example.com/avatar.jpg',
  ...persona,
  ...look,
  ...colours,
  ...origin,
  lastUsedAt: '2025-10-14T12:00:00.000Z',
}
let project

before(() => assert.ok(LUMIKU_TOKEN, 'LUMIKU_TOKEN is not set: the tests need the token of a session'))

after(async () => {
  if (project) await call('DELETE', `${projects}/${project.id}`)
})

test('the server is healthy', async () => {
  const { status, body } = await call('GET', '/health')
  assert.equal(status, 200)
  assert.equal(body.status, 'ok')
})

test('a request without a token is refused', async () => {
  assert.equal((await call('GET', projects, undefined, {})).status, 401)
})

test('a project is created', async () => {
  const { status, body } = await call('POST', projects, {
    name: 'Integration test',
    description: 'removed at the end',
  })
  assert.equal(status, 201, JSON.stringify(body))
  project = body
  assert.equal(body.name, 'Integration test')
  assert.deepEqual(body.avatars, [])
})

test('an avatar with every field is added', async () => {
  assert.ok(project, 'there is no project to add it to')
  const { status, body } = await call('POST', `${projects}/${project.id}/avatars`, avatar)
  assert.equal(status, 201, JSON.stringify(body))
  for (const [field, value] of Object.entries(avatar)) assert.equal(body[field], value, field)
})

test('the project is listed with its avatar', async () => {
  assert.ok(project, 'there is no project to list')
  const { status, body } = await call('GET', projects)
  assert.equal(status, 200, JSON.stringify(body))
  const listed = body.find(({ id }) => id === project.id)
  assert.equal(listed?.avatars[0]?.name, avatar.name)
})

test('the project is deleted, and only once', async () => {
  assert.ok(project, 'there is no project to delete')
  assert.equal((await call('DELETE', `${projects}/${project.id}`)).status, 204)
  assert.equal((await call('DELETE', `${projects}/${project.id}`)).status, 404)
  project = undefined
})

async function call(method, path, body, headers = { authorization: `Bearer ${LUMIKU_TOKEN}` }) {
  const response = await fetch(`${API_URL}${path}`, { method, headers, body: JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

function urlOfThisServer() {
  const { PORT = '3000' } = parseEnv(readFileSync(new URL('../.env', import.meta.url), 'utf8'))
  return `http://127.0.0.1:${PORT}`
}
