/** Whether what is typed brings an older state back: its data, or its code and schema. `fed`: what it reads from. */
export const bringsBack = (words: readonly string[], fed: string): 'restores' | 'takes-back' | undefined => {
  const typed = words.join(' ')
  if (ONLY_LOOKS.test(typed)) return undefined
  if (restores.some((pattern) => pattern.test(typed))) return 'restores'
  if (/^(psql|mysql|mariadb|sqlite3|mongosh?|redis-cli|docker|kubectl|oc)\b/.test(typed) && OF_OLD.test(fed))
    return 'restores'
  if (copiesFromOld(words)) return 'restores'
  return takesBack.some((pattern) => pattern.test(typed)) ? 'takes-back' : undefined
}

const ONLY_LOOKS =
  /^(echo|printf|ls|cat|grep|find|head|tail|chmod|chown|mkdir|touch|test|\[|export|cd|curl|wget|git (log|tag|show|diff|status|branch|add|commit|clone)|dotnet|nuget)\b/

/** A name of what was written down before. */
const OF_OLD = /back-?up|dump|snapshot|\.bak\b|\.(gz|bz2|xz|zst|tar)\b|zcat|gunzip|gzip|pg_restore/i

const copiesFromOld = ([program = '', ...args]: readonly string[]): boolean => {
  if (!/^(cp|mv|rsync|tar|unzip)$/.test(program)) return false
  const places = args.filter((arg) => !arg.startsWith('-'))
  if (program === 'unzip') return OLD_PLACE.test(places[0] ?? '')
  if (program === 'tar') return /^-?\w*x/.test(args[0] ?? '') && places.some((place) => OLD_PLACE.test(place))
  return places.slice(0, -1).some((place) => OLD_PLACE.test(place)) && !OLD_PLACE.test(places.at(-1) ?? '')
}
const OLD_PLACE = /back-?ups?\b|back-?up[-_]|\.bak\b|\.old\b|snapshot/i

const restores: readonly RegExp[] = [
  /^(pg_restore|mongorestore|(mariabackup|xtrabackup) --copy-back)\b/,
  /^(restic|velero|pgbackrest|barman|duplicity|kopia|borgmatic|etcdctl)\b.* (restore|recover)\b|^borg extract|^wal-[ge] backup-fetch/,
  /^(gcloud|aws|az|doctl|heroku|fly(ctl)?)\b.*\b(restore\S*|pg:backups:restore|recover)\b/,
  /^(psql|mysql|mariadb)\b.*\s(-f|--file=?)\s*\S*(back-?up|dump|snapshot|\.bak\b)/i,
  // A team's own script or target, by its name: restore.sh, load-dump, db:restore.
  /^(\S+ ){0,4}?\S*?(^|[\s/_:.-])(restore|recover|load|import)[\w:.-]*(dump|back-?up|snapshot|db|data(base)?)\b/i,
  /^(\S+ ){0,3}?(\S*[/_:.-])?restore([_:.-]\S*)?( |$)/i,
]

const takesBack: readonly RegExp[] = [
  /^(kubectl|oc|k) .*\brollout undo\b|^docker service (rollback|update .*--rollback)\b|^pm2 deploy .* revert\b/,
  /^git revert\b/,
  /^git (reset|checkout|switch)\b.*(HEAD[~^]|ORIG_HEAD|@\{|previous|\blast[-_]|\bstable\b|STABLE|PREV|LAST_|OLD_|ROLLBACK)/,
  /(migrat\w*|\bdb|schema)[\w:]*:(rollback|revert|undo|down|downgrade|reset)\b/,
  /^((npx|pnpm|yarn|bundle exec|npm run) )?(knex|sequelize\S*|typeorm\S*|liquibase|flyway|dbmate|goose|node-pg-migrate|migrate|alembic|flask db)\b.* (\S*:)?(rollback|revert|undo|down|downgrade)( |$)/,
  /^(prisma|npx prisma) migrate resolve\b.*--rolled-back/,
  /^(\S+ ){0,3}?(\S*[/_:.-])?(roll-?back|revert|undo|downgrade)([_:.-]\S*)?( |$)/i,
]
