import { STATUS_CODES } from 'node:http'

/** A request as an operator would type it, sent for real. */
export interface Curl {
  /** With the token as a variable: it is not printed. */
  typed: string
  send(): Promise<{ status: number; shown: string }>
}

/** Creates a project, as the guide's first test does. */
export const createsProject = (url: string, token: string): Curl => {
  const address = `${url}/api/apps/avatar-creator/projects`
  const body = JSON.stringify({ name: 'Summer campaign' })
  return {
    typed: [
      `curl -i ${address}`,
      `-H "Authorization: Bearer $LUMIKU_TOKEN"`,
      `-H 'Content-Type: application/json' -d '${body}'`,
    ].join(' \\\n       '),
    send: async () => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      try {
        const answer = await fetch(address, { method: 'POST', headers, body })
        const { status } = answer
        return { status, shown: `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\n${await answer.text()}` }
      } catch (error) {
        return { status: 0, shown: `curl: nobody answers: ${(error as Error).message}` }
      }
    },
  }
}
