import { changes, defineCheck, defineRunbook, defineStep, fails, holds, nothingToUndo, secret } from 'runbook'

const hasRun = defineCheck({
  fact: 'a gigabyte was printed',
  remedy: 'print it',
  look: async ({ performed }) => {
    const result = performed('print')
    return result ? holds(result) : fails('not yet')
  },
})

/** One step, whose child prints a gigabyte with secrets in it. */
export default defineRunbook({
  name: 'gigabyte',
  environments: {
    bench: {
      app: { dir: process.env.BENCH_FOLDER! },
      variables: {
        DATABASE_URL: secret('DATABASE_URL'),
        API_TOKEN: secret('API_TOKEN'),
        SESSION_KEY: secret('SESSION_KEY'),
      },
    },
  },
  deploy: () => [
    defineStep({
      id: 'print',
      title: 'Print a gigabyte',
      about: 'Runs a program that prints a gigabyte.',
      actions: () => ({
        print: {
          ...changes(process.execPath, process.env.BENCH_PRINTER!),
          env: { API_TOKEN: secret('API_TOKEN') },
        },
      }),
      after: () => [hasRun],
      undo: () => nothingToUndo('it only prints'),
    }),
  ],
})
