/** Everything that a book, a step or a check is written with. */
export * from './model/action.ts'
export * from './model/backup-manifest.ts'
export * from './model/beside-database.ts'
export type { Book, Entries, Entry, EnvironmentDefinition, Group } from './model/book.ts'
export { defineRunbook, either, parallel, phase, sequence } from './model/book.ts'
export type { Catalogue } from './model/catalogue.ts'
export {
  changedObjects,
  differencesBetween,
  isOwnSchema,
  objectDigests,
  objectLines,
} from './model/catalogue.ts'
export type { Check, Verdict } from './model/check.ts'
export { defineCheck, early, fails, holds, within } from './model/check.ts'
export { looksLikeSecret, plainVariables } from './model/child-variables.ts'
export { BY_VARIABLES, type Closing, triesClosing } from './model/closed-network.ts'
export type { Copy, CopyPlace, Performed } from './model/copy.ts'
export type { Danger } from './model/danger.ts'
export type { Diagnosis, Remedy } from './model/diagnosis.ts'
export { defineDiagnosis } from './model/diagnosis.ts'
export { durableCommitHere } from './model/durable-commit.ts'
export type { Environment, Place } from './model/environment.ts'
export { databaseOf, isElsewhere, libpqVariables } from './model/environment.ts'
export type { Sample, SignOff } from './model/event.ts'
export type { Evidence } from './model/evidence.ts'
export {
  type ExactJson,
  type ExactNumber,
  isExactNumber,
  isSameNumber,
  numberOf,
  readJson,
  writeJson,
} from './model/exact-json.ts'
export { EXACT } from './model/exact-session.ts'
export { explain } from './model/explain.ts'
export { factory } from './model/factory.ts'
export type { Failure, Unmet } from './model/failure.ts'
export { Failed, failureOf, unmet } from './model/failure.ts'
export { beginningOf, endOf, hidden } from './model/hidden.ts'
export type { Json } from './model/json.ts'
export { WHOLE_DATABASE } from './model/limits.ts'
export type { Act, Look, Revision, Sampled, Snapshot } from './model/look.ts'
export { migrationTables } from './model/migrations/migration-tables.ts'
export { type BlockPlace, migrationsInBlock } from './model/migrations/migrations-in.ts'
export type { Notice, Occasion } from './model/notice.ts'
export type { Notifier, NotifierOptions } from './model/notifier.ts'
export { pagerDuty, slack, webhook } from './model/notifier.ts'
export type { Person } from './model/person.ts'
export { bytes, few, milliseconds, quantity } from './model/quantity.ts'
export { revisionIn } from './model/revision-in.ts'
export { revisionName } from './model/revision-name.ts'
export type { Secret, Text } from './model/secret.ts'
export { printText, secret, text } from './model/secret.ts'
export { isSecretInAddress } from './model/secret-name.ts'
export { shellWord, typed, typedPath, typedWord } from './model/shell-word.ts'
export { signedOffText } from './model/sign-off.ts'
export { spanIn, spanText } from './model/span.ts'
export { sqlName, sqlText } from './model/sql-word.ts'
export { quietSsh } from './model/ssh.ts'
export type { Known, Restore, RestoreSource, Step } from './model/step.ts'
export { defineStep } from './model/step.ts'
export type { Loss, Reverse, Undo } from './model/undo.ts'
export { forwardOnly, lossesText, lossText, nothingToUndo, reverse } from './model/undo.ts'
export { hasCredentials, headerHoldsSecret, holdsSecret } from './model/url-credentials.ts'
