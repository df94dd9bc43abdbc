import type { Place } from './draft-book.ts'
import type { StepCall } from './known-commands.ts'
import type { Line } from './shell-lines.ts'
import { reviewOf } from './what-comments-say.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Adds the step that a line has become, with what somebody must look at in it, and notes what it tells of the environment. */
export const addUnderstood = (call: StepCall, line: Line, place: Place): string =>
  place.add(noted(withReview(call, line), line, place), nameOf(call, line, place))

/** Where the page says more, or other, than the step does. */
const withReview = (call: StepCall, line: Line): StepCall => {
  const review = call.review ?? reviewOf(call.factory, withoutSecrets(line.text))
  return review === undefined ? call : { ...call, review }
}

const nameOf = ({ factory }: StepCall, { about }: Line, { heading }: Place): string =>
  factory === 'verifyHttp' ? about || heading : heading

/** What a step tells of the environment: its branch, its address, its secrets. */
const noted = (call: StepCall, line: Line, { draft, part }: Place): StepCall => {
  const { command, text } = line
  const words = command?.words ?? []
  const ofDeploy = part.name === 'deploy'
  if (call.factory === 'pullCode' && words[3] && ofDeploy) draft.branch ??= words[3]
  for (const [, name] of JSON.stringify(call.options).matchAll(/secret\('(\w+)'\)/g)) draft.secrets.add(name!)
  if (call.factory !== 'verifyHttp') return call
  const url = /https?:\/\/[^\s"'/]+/.exec(text)?.[0]
  if (!url) return call
  if (ofDeploy) draft.url ??= url
  const title = nameOfRequest(line, call)
  return { ...call, options: { title, ...(draft.url ? relative(call.options, draft.url) : call.options) } }
}

const nameOfRequest = ({ about }: Line, { options }: StepCall): string =>
  about || String((options.requests as { name: string }[])[0]!.name)

/** Below the application's own address a path is enough. */
const relative = (options: StepCall['options'], base: string): StepCall['options'] => ({
  ...options,
  requests: (options.requests as { url: string }[]).map((request) =>
    request.url.startsWith(`${base}/`) ? { ...request, url: request.url.slice(base.length) } : request,
  ),
})
