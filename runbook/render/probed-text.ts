import { duration } from '../model/duration.ts'
import type { Probed } from '../model/event.ts'
import { quantity } from '../model/quantity.ts'

/** 'GET /health: 412 requests, 2 failed (connection refused), 84 ms without an answer at the longest'. */
export const probedText = ({ url, requests, failed, failures, longestGap }: Probed): string => {
  const reasons = Object.entries(failures).map(([reason, count]) =>
    Object.keys(failures).length === 1 ? reason : `${count} × ${reason}`,
  )
  const met = failed ? `${failed.toLocaleString('en-US')} failed (${reasons.join(', ')})` : 'none failed'
  return `GET ${url}: ${quantity(requests, 'request')}, ${met}, ${duration(longestGap)} without an answer at the longest`
}
