import { slug } from './slug.ts'

/** Where in a book what stands under a heading belongs: `deploy`, or a procedure of its own. */
export interface Part {
  readonly name: string
  /** Why it is not part of the deployment. */
  readonly because?: string
}

const DEPLOY: Part = { name: 'deploy' }

/** What a page tells beside its main path must not be performed on it. The headings from the outermost to the innermost. */
export const partOf = (headings: readonly string[]): Part => {
  for (const [i, heading] of headings.entries()) {
    if (/roll(ed)?[\s-]?back|\brevert|\bundo\b/i.test(heading))
      return { name: 'take-back', because: 'a way back is not part of the way there' }
    if (/troubleshoot|^(issue|error|problem)\b.*:|\bfaq\b|if .* fails/i.test(heading))
      return { name: 'troubleshooting', because: 'only where something is wrong' }
    if (/environment-specific|per environment/i.test(heading)) {
      const inner = headings[i + 1]
      if (!inner) return DEPLOY
      return { name: named(inner), because: 'the same again, for one environment' }
    }
    if (/quick fix|copy-paste|all in one|tl;?dr|in short/i.test(heading))
      return { name: named(heading), because: 'the same again, in short' }
    if (/^(option|method|alternative|variant|approach) ([b-z]|[2-9])\b|\bfallback\b/i.test(heading))
      return { name: named(heading), because: 'another way than the first: see `either`' }
    if (/\blocal(ly)?\b|on your (machine|laptop)/i.test(heading))
      return { name: named(heading), because: 'on the author’s machine' }
  }
  return DEPLOY
}

/** Not like a command of the tool. */
const named = (heading: string): string => {
  const name = slug(heading).replace(/^[^a-z]+/, '') || 'part'
  return ['deploy', 'run', 'verify', 'rollback', 'backup', 'restore', 'prune'].includes(name)
    ? `${name}-part`
    : name
}
