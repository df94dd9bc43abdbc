import { buildInfo } from '../build-info'
import type { Route } from '../http/router'

/** Which build is running, and for how many seconds. */
export const healthRoutes: Route[] = [
  {
    method: 'GET',
    path: '/health',
    handle: () => ({
      status: 200,
      body: { status: 'ok', ...buildInfo, uptime: Math.round(process.uptime() * 1000) / 1000 },
    }),
  },
]
