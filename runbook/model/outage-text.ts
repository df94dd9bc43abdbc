import { duration } from './duration.ts'
import type { Outage } from './event.ts'

/** 'GET /health has had no good answer for 20 s: connection refused'. */
export const outageText = ({ url, ms, because, over }: Outage): string =>
  over
    ? `GET ${url} is answered again; it was not for ${duration(ms)}`
    : `GET ${url} has had no good answer for ${duration(ms)}: ${because}`
