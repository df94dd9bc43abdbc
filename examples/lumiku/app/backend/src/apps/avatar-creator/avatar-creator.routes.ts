import { authenticate } from '../../auth/authenticate'
import { readJson } from '../../http/body'
import { HttpError } from '../../http/http-error'
import type { Route } from '../../http/router'
import { avatarInput, optionalText, requiredText } from './avatar-input'
import {
  createAvatar,
  createProject,
  deleteProject,
  findProjects,
} from './repositories/avatar-creator.repository'

const projects = '/api/apps/avatar-creator/projects'

const noProject = (id = '') => new HttpError(404, `no project ${id}`)

/** The avatar creator, for the user of the Bearer token. */
export const avatarCreatorRoutes: Route[] = [
  {
    method: 'GET',
    path: projects,
    handle: async (request) => ({ status: 200, body: await findProjects(await authenticate(request)) }),
  },
  {
    method: 'POST',
    path: projects,
    handle: async (request) => {
      const userId = await authenticate(request)
      const body = await readJson(request)
      const project = {
        userId,
        name: requiredText(body, 'name'),
        description: optionalText(body, 'description'),
      }
      return { status: 201, body: await createProject(project) }
    },
  },
  {
    method: 'DELETE',
    path: `${projects}/:id`,
    handle: async (request, { id = '' }) => {
      if (!(await deleteProject(await authenticate(request), id))) throw noProject(id)
      return { status: 204 }
    },
  },
  {
    method: 'POST',
    path: `${projects}/:id/avatars`,
    handle: async (request, { id = '' }) => {
      const userId = await authenticate(request)
      const avatar = await createAvatar(userId, id, avatarInput(await readJson(request)))
      if (!avatar) throw noProject(id)
      return { status: 201, body: avatar }
    },
  },
]
