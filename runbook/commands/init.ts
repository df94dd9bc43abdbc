import { basename, dirname, resolve } from 'node:path'
import { projectFiles } from '../doors/project-files.ts'
import { askOnTerminal } from '../doors/prompt.ts'
import { EXIT } from '../model/exit.ts'
import { namesProduction } from '../model/mistakes-of-identity.ts'
import { typed } from '../model/shell-word.ts'
import { reviewsText } from '../render/imported-text.ts'
import { BOOK } from './find-book.ts'
import type { Invocation } from './invocation.ts'
import { UsageError } from './usage-error.ts'
import { demandNoneThere, writeFirstBook } from './write-first-book.ts'

/**
 * Makes a first book from what is in the folder. On a terminal it asks what no file tells; elsewhere, and with --yes, that is
 * left for review.
 */
export const init = async (invocation: Invocation): Promise<number> => {
  const { options, cwd, variables, say, paint } = invocation
  const path = resolve(cwd, options.config ?? BOOK)
  demandNoneThere([path])
  const [{ isTold, projectIn }, { draftProject }, { reviewsIn, writeBook }, { environmentsText, foundText }] =
    await Promise.all([
      import('../import/project.ts'),
      import('../import/draft-project.ts'),
      import('../import/write-book.ts'),
      import('../import/project-text.ts'),
    ])
  const folder = dirname(path)
  const project = projectIn(await projectFiles(folder, isTold), basename(folder))
  const { packages, pm2, hasDatabase } = project
  if (packages.length === 0 && !pm2)
    throw new UsageError(
      `${folder} has nothing that tells how it is deployed: no package.json with a build, no prisma/, no ecosystem file`,
      'go to the folder of the application; or make a book from a page: runbook import guide.md',
    )
  say(`${foundText(project).join('\n')}\n\n`)
  const told = await askAbout(project, invocation)
  const entries = draftProject(project, { ...told, hasUrl: told.environments.every(({ url }) => url) })
  const first = told.environments[0]!.name
  const next = typed`runbook doctor ${first}`
  const book = writeBook(
    { title: told.name, parts: new Map([['deploy', { entries }]]) },
    {
      about: `${told.name}: a first book, made from what is in this folder by \`runbook init\`.`,
      next,
      environments: environmentsText(
        told.environments.map((each) => ({ ...each, isProduction: namesProduction(each.name) })),
        project,
      ),
    },
  )
  await writeFirstBook(path, new Map([[path, book]]), variables)
  say(
    [
      `${paint.green('✔')} ${path}`,
      `  ${reviewsText(reviewsIn(book))}`,
      ...(hasDatabase ? [`  It wants DATABASE_URL in .env.${first} beside it, or in the environment.`] : []),
      `${paint.yellow('→')} then: ${next}`,
      '',
    ].join('\n'),
  )
  return EXIT.done
}

interface Answers {
  name: string
  environments: { name: string; url: string }[]
  process: string | undefined
}

const askAbout = async (
  { name, pm2 }: { name: string; pm2: { processes: string[] } | undefined },
  { canAsk, options, signal }: Invocation,
): Promise<Answers> => {
  const asks = canAsk && !options.yes
  const note = async (message: string, usual: string, wrong?: (answer: string) => string | undefined) =>
    asks ? askOnTerminal({ kind: 'note', message, default: usual, ...(wrong && { wrong }) }, signal) : usual
  const called = await note('What is it called?', name)
  const names = namesIn(await note('Which environments does it have?', 'staging production', wrongNames))
  const environments: Answers['environments'] = []
  for (const name of names)
    environments.push({
      name,
      url: urlFrom(await note(`Which address does ${name} have? (empty: none yet)`, '', wrongUrl)),
    })
  const processes = pm2?.processes ?? []
  if (pm2 && processes.length === 0)
    return { name: called, environments, process: await note('What is its name in pm2’s list?', called) }
  const process =
    asks && processes.length > 1
      ? await askOnTerminal(
          {
            kind: 'choose',
            message: 'Which process of pm2 is it?',
            choices: processes.map((one) => ({ name: one, value: one })),
          },
          signal,
        )
      : processes[0]
  return { name: called, environments, process }
}

const namesIn = (answer: string): string[] => [...new Set(answer.split(/[\s,]+/).filter(Boolean))]

const wrongNames = (answer: string): string | undefined => {
  const wrong = namesIn(answer).find((name) => !/^[a-z][a-z0-9-]*$/i.test(name))
  if (wrong !== undefined) return `'${wrong}' cannot be the name of one: letters, digits and dashes`
  return namesIn(answer).length ? undefined : 'it needs one'
}

const urlFrom = (answer: string): string =>
  (answer && !/^https?:\/\//.test(answer) ? `https://${answer}` : answer).replace(/\/+$/, '')

const wrongUrl = (answer: string): string | undefined =>
  answer === '' || URL.canParse(urlFrom(answer))
    ? undefined
    : `'${answer}' is no address, such as https://app.example.com`
