/** What an operator should know before a step changes anything. JSON: it is observed. */
export type Danger = {
  /** The name of the rule that sees it: `index-without-concurrently`. */
  rule: string
  /** 'line 3: CREATE INDEX on avatars without CONCURRENTLY' */
  what: string
  /** What happens then, and to whom. */
  because: string
  /** The safe way to write it. */
  instead: string
}
