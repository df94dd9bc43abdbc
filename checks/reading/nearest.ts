/** The candidate that shares most pairs of letters with `wanted` (Dice's coefficient), where one is near at all. */
export const nearest = (wanted: string, candidates: readonly string[], least = 0.3): string | undefined => {
  const pairs = pairsOf(wanted)
  let best: { candidate?: string; score: number } = { score: least }
  for (const candidate of candidates) {
    const score = shared(pairs, pairsOf(candidate))
    if (score > best.score) best = { candidate, score }
  }
  return best.candidate
}

const pairsOf = (text: string): Set<string> => {
  const letters = text.toLowerCase().replace(/\s+/g, ' ').trim().slice(0, 500)
  return new Set(Array.from({ length: Math.max(0, letters.length - 1) }, (_, i) => letters.slice(i, i + 2)))
}

const shared = (one: Set<string>, other: Set<string>): number => {
  let both = 0
  for (const pair of one) if (other.has(pair)) both++
  return one.size + other.size === 0 ? 0 : (2 * both) / (one.size + other.size)
}
