import { z } from 'zod'

const EXPECTED =
  "must be a tag, a branch or a commit id, as the remote has it: 'v1.4.2', 'refs/tags/v1.4.2', '3f2a1b0'"

/** Whether git could take it for an option, a range, a place in a history (`v1~2`) or several names. */
const isName = (name: string): boolean =>
  /^[^\s-][^\s\p{Cc}~^:?*[\\]*$/u.test(name) &&
  !/\.\.|@\{|^@$|\/\/|(\/|\.|\.lock)$|^\//.test(name) &&
  name !== 'HEAD'

/** A tag, a branch or a commit, by the name that a remote has for it: nothing that only one clone knows. */
export const revisionName = z.string(EXPECTED).refine(isName, EXPECTED)

/** Why a revision cannot be named so; undefined where it can. */
export const whyNoRevision = (name: unknown): string | undefined =>
  revisionName.safeParse(name).success ? undefined : EXPECTED
