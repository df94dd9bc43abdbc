/** A commit id of at least seven digits in a JSON answer, in lower case; undefined where there is none under that key. */
export const revisionIn = (body: string, key: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(body)?.[key]
    return typeof value === 'string' && /^[0-9a-f]{7,64}$/i.test(value) ? value.toLowerCase() : undefined
  } catch {
    return undefined
  }
}
