import type { Part } from './part-of.ts'

/** Where a block belongs after the sentence above it: “Or, with yarn:”, “If that fails, restore the dump:”. */
export const withLead = (part: Part, text: string): Part => {
  if (part.performs === 'by-hand') return part
  const lead = lastSentence(text)
  const found = leads.find(([pattern]) => pattern.test(lead))
  if (!found || (part.name === 'take-back' && found[1] === 'take-back-by-hand')) return part
  const [, name, because] = found
  return { name, because, performs: 'by-hand' }
}

const lastSentence = (text: string): string => {
  const bare = text
    .replace(/[*_`>#]|^[\s\d.)-]+/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  return bare.split(/(?<=[.!?])\s+(?=[A-Z])/).at(-1) ?? ''
}

const leads: readonly (readonly [RegExp, string, string])[] = [
  [
    /\b(to|or|and|then|,)\s+(restore|recover|bring .* back|import the (dump|backup))\b|\brestor(e|ing) (the |a |from |it|your )/i,
    'restore-by-hand',
    'it brings back what was',
  ],
  [
    /\b(to|or|and|then|,|you (can|may|could)) (roll (it |this |the \w+ )?back|revert|undo|go back|downgrade|back out)\b|^(roll ?back|revert|undo)\b/i,
    'take-back-by-hand',
    'a way back is not part of the way there',
  ],
  [
    /^(if|when|should|in case|where)\b.*\b(fails?|failed|errors?|wrong|problems?|broken?|breaks?|crash\w*|stuck|hangs?|missing|refused|does ?n.t|does not|do not|is ?n.t|is not|won.t|can.?t|cannot|not (start|work|respond)\w*)\b/i,
    'only-if-something-is-wrong',
    'only where something is wrong: a diagnosis is made with defineDiagnosis',
  ],
  [
    /^(or|alternatively|otherwise|instead|as an alternative|another (way|option|possibility)|(option|method|alternative|variant|approach|way) ([b-z]|[2-9]|two|three|four)\b)/i,
    'other-ways',
    'another way than the one before it: see `either`',
  ],
  [
    /^(on|from) your (own |local )?(machine|laptop|computer|workstation)\b|\b(run|execute[d]?) (this |these )?(on|from) your (own |local )?(machine|laptop|computer|workstation)\b|^locally\b/i,
    'on-your-machine',
    'on the author’s machine',
  ],
  [
    /\b(to|you can|can) (follow|watch|tail|view|see|inspect|check|read) (the |its |all |live |application )*(logs?|output)\b|\b(open|get|enter|need) (a |an )?(interactive )?(shell|console|prompt)\b/i,
    'look-by-hand',
    'it is no part of the deployment',
  ],
]
