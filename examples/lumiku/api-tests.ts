import { secret, text } from 'runbook'
import { anyString, captured, contains, matching, verifyHttp } from 'runbook/steps'

const projects = '/api/apps/avatar-creator/projects'
const time = matching(/^\d{4}-\d\d-\d\dT/)
const avatar = {
  name: 'Test Avatar',
  baseImageUrl: 'https://example.com/avatar.jpg',
  sourceType: 'upload',
  personaName: 'John Doe',
  personaAge: 30,
  gender: 'male',
  style: 'professional',
}

const headers = { Authorization: text`Bearer ${secret('LUMIKU_TOKEN')}` }
const cleanup = [
  {
    name: 'clean up test data',
    method: 'DELETE' as const,
    url: `${projects}/{projectId}`,
    expect: { status: 204 },
  },
]

/** "Post-Deployment Monitoring": zero 500 errors in the endpoints, project creation within 200 ms. */
export const monitored = {
  headers,
  requests: [
    { name: 'health', url: '/health', expect: { status: 200 } },
    { name: 'get projects', url: projects, expect: { status: 200 } },
    {
      name: 'create project',
      method: 'POST' as const,
      url: projects,
      json: { name: 'Monitoring', description: 'Testing post-deployment' },
      expect: { status: 201, within: 200 },
      capture: { projectId: 'id' },
    },
  ],
  cleanup,
}

/** "Test API Endpoints", and the guide's test script, which printed "All tests passed" whatever happened. */
export const apiTests = () =>
  verifyHttp({
    title: 'Test the API endpoints',
    headers,
    requests: [
      { name: 'health check', url: '/health', expect: { json: { status: 'ok' } } },
      {
        name: 'test 1: create project',
        method: 'POST',
        url: projects,
        json: { name: 'Deployment Test Project', description: 'Testing post-deployment' },
        expect: {
          status: 201,
          json: {
            id: anyString,
            userId: anyString,
            name: 'Deployment Test Project',
            description: 'Testing post-deployment',
            createdAt: time,
            updatedAt: time,
            avatars: [],
          },
          // Success Criteria: project creation response time < 200ms
          within: 200,
        },
        capture: { projectId: 'id' },
      },
      {
        name: 'test 2: get projects',
        url: projects,
        expect: { json: contains({ id: captured('projectId'), name: 'Deployment Test Project' }) },
      },
      {
        name: 'test 3: create avatar with full schema',
        method: 'POST',
        url: `${projects}/{projectId}/avatars`,
        json: avatar,
        expect: { status: 201, json: { ...avatar, usageCount: 0 } },
      },
      {
        // The guide looks for it with psql; this way the application has read the new columns too.
        name: 'the avatar comes back with its new columns',
        url: projects,
        expect: { json: contains({ id: captured('projectId'), avatars: [avatar] }) },
      },
    ],
    cleanup,
  })
