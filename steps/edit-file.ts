import { z } from 'zod'
import { linesOf } from '../checks/reading/file-lines.ts'
import { sha256Of } from '../checks/reading/sha256.ts'
import { bytes, defineStep, early, factory, quantity, reverse, unmet, writesFile } from '../runbook/index.ts'
import { appliesOnce, edited, foundAsOften, nobodysSince, sameAsBefore } from './edit/edit-facts.ts'
import { type Edit, opened, replaced, replacementsIn } from './edit/file-edit.ts'
import { lineDiff } from './edit/line-diff.ts'
import { incomingFile } from './incoming-file.ts'

/** A source file is smaller. The whole text stands in the transcript, for the way back. Bytes. */
const LARGEST = 1_000_000

/** Replaces a text in one file: the guide's correction by hand. */
export const editFile = factory(
  'edit-file',
  {
    /** Relative to the application's folder. */
    file: z.string().min(1).describe("the file; relative to the application's folder"),
    /** A text, taken literally, or an expression. */
    find: z
      .union([z.string().min(1), z.instanceof(RegExp)], 'a text or a regular expression')
      .describe('a text, taken literally, or a regular expression'),
    /** For an expression with `$1`, `$<name>`, `$&` and `$$`, as in String.replace. */
    replace: z.string().describe('what stands there instead; for an expression with $1, $<name>, $& and $$'),
    /** How often it must be found. Default: 1. */
    expect: z.int().positive().default(1).describe('how often it must be found; default: 1'),
  },
  (options) => {
    const { file, expect } = options
    return defineStep({
      id: 'edit-file',
      title: `Edit ${file}`,
      about:
        'Replaces a text in a file where it is found exactly as often as expected, and shows the change as a diff ' +
        'beforehand. Refuses any other number of matches, and an edit that would apply to its own result. Line ends, ' +
        'byte order mark, mode and the final line end stay. Done means: nothing is left to find, and the replacement ' +
        'stands there. Going back writes the previous content.',
      sort: 'state',
      observe: async (at) => {
        const { text, from } = await incomingFile(at, file)
        const digest = from === 'working tree' ? await sha256Of(at, file) : null
        return { content: sourceText(file, text), digest }
      },
      before: ({ observed }) => [
        early(foundAsOften(observed.content, options)),
        early(appliesOnce(observed.content, options)),
      ],
      actions: ({ observed }) => ({ edit: writesEdit(observed.content, options) }),
      after: () => [edited(options, async (at) => (await incomingFile(at, file)).text)],
      summary: () => `${quantity(expect, 'place')} in ${file}`,
      undo: ({ observed: { content, digest } }) => {
        const shows = `its ${quantity(linesOf(content).length, 'line')} from before the edit`
        const back = { ...writesFile(file, content), shows }
        return reverse('code', { back }, digest ? [sameAsBefore(file, digest)] : [], {
          before: [nobodysSince(file, [content, writesEdit(content, options).content])],
        })
      },
    })
  },
  { file: 'src/db.ts', find: "import { prisma } from './client'", replace: "import prisma from './client'" },
)

const writesEdit = (content: string, edit: Edit & { file: string }) => {
  const { text, close } = opened(content)
  const found = replacementsIn(text, edit)
  return {
    ...writesFile(edit.file, close(replaced(text, found))),
    shows: lineDiff(edit.file, text, found),
  }
}

const sourceText = (file: string, content: string): string => {
  if (content.length > LARGEST)
    throw unmet(`${file} is a source file`, bytes(content.length), 'edit so large a file with shell')
  // What is no UTF-8 was read as replacement characters, and would be written so.
  if (content.includes('\uFFFD'))
    throw unmet(
      `${file} is UTF-8 text`,
      'it holds other bytes',
      'edit it with shell and sed, or convert it to UTF-8',
    )
  return content
}
