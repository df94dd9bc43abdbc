/** Whether a comment says that what follows is another way than what stands above it. */
export const isOtherWay = (comment: string, isBehindAnother: boolean): boolean =>
  /^(or\b|alternatively|alternative\b|otherwise\b|instead\b|(option|method|alternative|variant|approach|way) ?#?([b-z]|[2-9]|two|three)\b)/i.test(
    comment,
  ) ||
  (isBehindAnother &&
    /^(if (you |using )?(use|using|prefer|on)|(for|with|using) (yarn|pnpm|npm|bun|docker|podman|pm2|systemd|kubernetes|helm|alpine|debian|ubuntu|centos|rhel|fedora|mac(os)?|windows)\b|on (debian|ubuntu|centos|rhel|fedora|mac(os)?|windows)\b)/i.test(
      comment,
    ))

/** Whether a comment says that what follows is for when something has gone wrong, or is to go back. */
export const isOnlyWhereWrong = (comment: string): boolean =>
  /^(if|when|should|in case)\b.*\b(fails?|failed|errors?|wrong|problems?|issues?|broken?|breaks?|crash\w*|stuck|hangs?|missing|refused|doesn.t|does not|isn.t|is not|won.t|can.?t|cannot|needed)\b|^(roll ?back|revert|undo|restore|to (roll ?back|roll back|revert|undo|restore))\b/i.test(
    comment,
  )

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
