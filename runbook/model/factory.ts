import { z } from 'zod'
import type { Check } from './check.ts'
import type { Mistake, Step } from './step.ts'

const checks = z.array(z.custom<Check>((value) => (value as Check | null)?.kind === 'check', 'a check'))

/** Options that every step understands. */
export const commonOptions = {
  /** Where one book uses a step twice. Default: the factory's name in kebab-case. */
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
    .optional()
    .describe("where one book uses a step twice; default: the factory's name in kebab-case"),
  /** An imperative, shown to the operator. */
  title: z.string().min(1).optional().describe('an imperative, shown to the operator'),
  /** The operator may go on without it after a failure. */
  optional: z.boolean().optional().describe('the operator may go on without it after a failure'),
  /** Of a step that verifies: asked once before the first effect too. Default: where it only reads. */
  baseline: z
    .boolean()
    .optional()
    .describe(
      'of a step that verifies: ask it once before the first effect too, so that the end can say what no longer holds; default: where it only reads',
    ),
  /** Further facts that must hold when the step begins. */
  before: checks.optional().describe('further facts that must hold when the step begins'),
  /** Further facts that must hold when the step is done. */
  after: checks.optional().describe('further facts that must hold when the step is done'),
}
type CommonOptions = z.input<z.ZodObject<typeof commonOptions>>

type OptionsOf<Shape extends z.ZodRawShape> = z.input<z.ZodObject<Shape>> & CommonOptions
/** Where every option can be left out, so can the object. */
type Call<Options> = Record<never, never> extends Options ? [options?: Options] : [options: Options]

/**
 * A factory of steps. The options are checked when the book is loaded; what is wrong with them is kept in the
 * step, so that all mistakes of a book can be named at once. `example`: options that make sense, for the documentation;
 * can be left out where every option can.
 */
export const factory = <const Shape extends z.ZodRawShape, S extends Step>(
  id: string,
  shape: Shape,
  make: (options: z.output<z.ZodObject<Shape>> & { after?: Check[] }) => S,
  ...[example]: Call<OptionsOf<Shape>>
) => {
  const schema = z.strictObject({ ...shape, ...commonOptions })
  const made = (...[options]: Call<OptionsOf<Shape>>): S => {
    const parsed = schema.safeParse(options ?? {})
    if (!parsed.success) return broken(id, options, parsed.error) as S
    const given = parsed.data as z.output<z.ZodObject<Shape>> & CommonOptions
    const step = make(given as Parameters<typeof make>[0])
    return {
      ...step,
      id: given.id ?? id,
      title: given.title ?? step.title,
      optional: given.optional ?? step.optional,
      ...(given.baseline !== undefined && { baseline: given.baseline }),
      options: options ?? {},
      before: (at) => [...step.before(at), ...(given.before ?? [])],
      // A step may have found the same facts by itself.
      after: (at) => distinct([...step.after(at), ...(given.after ?? [])]),
    } as S
  }
  return Object.assign(made, { id, options: schema, example })
}

const distinct = (checks: readonly Check[]): Check[] => [
  ...new Map(checks.map((check) => [check.fact, check])).values(),
]

/** Stands in for a step whose options are wrong, so that the rest of the book can be checked too. */
const broken = (id: string, options: unknown, error: z.ZodError): Partial<Step> => ({
  kind: 'step',
  id: typeof (options as { id?: unknown })?.id === 'string' ? (options as { id: string }).id : id,
  title: id,
  sort: 'prepares',
  mistakes: mistakesIn(error, `steps.${id}`),
})

/** What zod found, as places in the book. */
export const mistakesIn = (error: z.ZodError, prefix: string): Mistake[] =>
  error.issues.flatMap((issue) => {
    const at = [prefix, ...issue.path.map(String)].filter(Boolean).join('.')
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ at: at ? `${at}.${key}` : key, expected: 'is not a known key' }))
    return [{ at, expected: issue.message.replace(/^Invalid input: /, '') }]
  })
