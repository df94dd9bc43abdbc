import { type Avatar, avatarNumbers, avatarTexts } from '../../db/schema'
import { HttpError } from '../../http/http-error'

type Body = Record<string, unknown>

/** A text that must be there. */
export function requiredText(body: Body, field: string): string {
  const value = optionalText(body, field)?.trim()
  if (!value) throw new HttpError(400, `${field} is required`)
  return value
}

/** A text, or null where it is absent. */
export function optionalText(body: Body, field: string): string | null {
  const value = body[field] ?? null
  if (value !== null && typeof value !== 'string') throw new HttpError(400, `${field} is not a text`)
  return value
}

/** An avatar's columns out of a request's body. Unknown fields are left out, wrong ones refused. */
export function avatarInput(body: Body): Partial<Avatar> {
  const input: Partial<Avatar> = {
    name: requiredText(body, 'name'),
    baseImageUrl: requiredText(body, 'baseImageUrl'),
    thumbnailUrl: optionalText(body, 'thumbnailUrl'),
    usageCount: 0,
    lastUsedAt: optionalTime(body, 'lastUsedAt'),
  }
  for (const field of avatarTexts) input[field] = optionalText(body, field)
  for (const field of avatarNumbers) {
    const value = optionalNumber(body, field)
    if (value !== null) input[field] = value
  }
  return input
}

function optionalNumber(body: Body, field: string): number | null {
  const value = body[field] ?? null
  if (value === null) return null
  const fits = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2147483647
  if (!fits) throw new HttpError(400, `${field} is not a whole number of 32 bits`)
  return value
}

function optionalTime(body: Body, field: string): Date | null {
  const text = optionalText(body, field)
  if (text === null) return null
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new HttpError(400, `${field} is not a time`)
  return time
}
