/** Whether a comment says that what follows is another way than what stands above it. `before`: the comment there. */
export const isOtherWay = (comment: string, before: string | undefined): boolean =>
  OTHER_WAY.test(comment) ||
  (before !== undefined && (FOR_OTHERS.test(comment) || isVariantOf(comment, before)))

const OTHER_WAY =
  /^(or\b|alternatively|alternative\b|otherwise\b|instead\b|(option|method|alternative|variant|approach|way)[ #:-]+([b-z]|[2-9]|two|three)\b)/i
const FOR_OTHERS =
  /^(if (you |you.re |using )?(use|using|prefer|on)\b|(for|with|using) (yarn|pnpm|npm|bun|docker|podman|pm2|systemd|kubernetes|helm|alpine|debian|ubuntu|centos|rhel|fedora|mac(os)?|windows)\b|on (debian|ubuntu|centos|rhel|fedora|mac(os)?|windows)\b)/i

/** “Deploy with a version of its own”, below “Deploy with the newest one”. */
const isVariantOf = (comment: string, before: string): boolean => {
  const [verb] = VARIANT.exec(comment)?.slice(1) ?? []
  return verb !== undefined && verb.toLowerCase() === VARIANT.exec(before)?.[1]?.toLowerCase()
}
const VARIANT = /^(\p{L}+) (?:with|without|using|via|by|from|to|only|a specific)\b/iu

/** Whether a line calls a script once more, with other options: it shows what that can be given. */
export const callsWithOtherOptions = (
  words: readonly string[],
  before: readonly (readonly string[])[],
): boolean =>
  /^(\.{1,2}\/|~\/|\/)|\.sh$/.test(words[0] ?? '') &&
  before.some(
    (earlier) =>
      earlier.join(' ') !== words.join(' ') &&
      withoutOptions(earlier).join(' ') === withoutOptions(words).join(' '),
  )

const withoutOptions = (words: readonly string[]): readonly string[] => {
  const at = words.findIndex((word) => word.startsWith('-'))
  return at < 0 ? words : words.slice(0, at)
}

/** Whether a comment leaves it to its reader which of the lines below it is performed. */
export const isChoice = (comment: string): boolean =>
  /\b(choose|pick|select|use|run) (only )?(one|any|either)\b|\bone of (these|the following|them)\b|\beither\b.*\bor\b/i.test(
    comment,
  )

/** Whether a comment says that what follows is for when something has gone wrong. */
export const isOnlyWhereWrong = (comment: string): boolean =>
  /^(if|when|should|in case)\b.*\b(fails?|failed|errors?|wrong|problems?|issues?|broken?|breaks?|crash\w*|stuck|hangs?|missing|refused|doesn.t|does not|isn.t|is not|won.t|can.?t|cannot)\b/i.test(
    comment,
  )

/** Whether a comment says that what follows brings an older state back. */
export const isToGoBack = (comment: string): boolean =>
  /^(((if|when) needed|to)[,:]? )?(roll ?back|roll it back|revert|undo|restore)\b/i.test(comment)

/** What each step does to the letter; anything else that the page types was decided for its reader. */
const same: Record<string, RegExp> = {
  pullCode: /^git pull( --ff-only)?( origin( [\w./-]+)?)?$/,
  installDependencies: /^npm ci$|^(yarn|pnpm|bun) install --frozen-lockfile$/,
  buildApp: /^(npm|pnpm|yarn|bun)( run)? build(:[\w:-]+)?$/,
  runTests: /^(npm|pnpm|yarn|bun)( run)? t(est)?(:[\w:-]+)?$/,
  prismaGenerate: /^(npx )?prisma generate$/,
  prismaMigrate: /^(npx )?prisma migrate deploy$/,
}
const does: Record<string, string> = {
  installDependencies: 'it installs what the lock file says, and nothing newer',
  backupDatabase: 'it backs up the database of the environment, into the backups of this book',
  prismaReset: 'it empties the database',
}

/** What somebody must look at in a step that stands for a line of the page; undefined: it does the same. */
export const reviewOf = (factory: string, typed: string): string | undefined => {
  if (same[factory]?.test(typed)) return undefined
  if (!(factory in same) && !(factory in does)) return undefined
  return [`the page types \`${typed}\``, does[factory]].filter(Boolean).join('; ')
}
