// The "Avatar Creator Deployment Guide" as a book: its sections in its order, each of them a step that proves itself.
// Headings in comments are the guide's own. What was wrong in the guide is listed in README.md.
import {
  defineDiagnosis,
  defineRunbook,
  type Environment,
  either,
  parallel,
  phase,
  secret,
  sequence,
} from 'runbook'
import { databaseAnswers, secretPresent, toolPresent, workingTreeClean } from 'runbook/checks'
import {
  applySql,
  backupDatabase,
  buildApp,
  editFile,
  installDependencies,
  manual,
  pm2Restart,
  pullCode,
  runTests,
  verifySchema,
  watch,
  watchLogs,
} from 'runbook/steps'
import { apiTests, monitored } from './api-tests.ts'
import { columnsAdded, columnsBefore, repository } from './avatars.ts'
import { checklist } from './checklist.ts'
import { avatarsAsExpected } from './checks/avatars-as-expected.ts'
import { builtImportIsFixed, importLineIsFixed, importLineIsKnown } from './checks/import-line.ts'
import { lastCommits } from './checks/last-commits.ts'
import { newColumnsReadable } from './checks/new-columns-readable.ts'

const { LUMIKU_URL, LUMIKU_STAGING_URL, LUMIKU_LOCAL_URL, LUMIKU_UI } = process.env
const database = { url: secret('DATABASE_URL') }

const restartOf = (env: Environment) =>
  pm2Restart({
    process: env.name === 'production' ? 'lumiku-backend' : `lumiku-backend-${env.name}`,
    ecosystem: 'ecosystem.config.cjs',
    // The application reads its settings from backend/.env alone, so the process keeps the variables that it has.
    updateEnv: false,
  })

export default defineRunbook({
  name: 'lumiku',

  // ### Support Contacts
  contacts: [
    { name: 'DevOps Team', reach: 'devops@lumiku.com' },
    { name: 'Database Admin', reach: 'dba@lumiku.com', when: 'the database' },
    { name: 'On-Call Engineer', reach: 'see the rotation in PagerDuty', when: 'at night' },
  ],

  // ## Environment-Specific Steps
  environments: {
    production: {
      protected: true,
      app: {
        dir: './production',
        branch: 'main',
        url: LUMIKU_URL ?? 'https://app.lumiku.com',
        // Asked all the time while something is changed: what users met with stands at the end.
        probe: ['/health'],
      },
      database,
      identify: { database: 'Lumiku-Production' },
      variables: { NODE_ENV: 'production' },
    },
    staging: {
      app: { dir: './staging', branch: 'development', url: LUMIKU_STAGING_URL ?? 'https://dev.lumiku.com' },
      database,
      identify: { database: 'lumiku_staging' },
    },
    local: {
      app: { dir: './local', branch: 'development', url: LUMIKU_LOCAL_URL ?? 'http://localhost:3000' },
      database,
      identify: { database: 'lumiku_local' },
    },
  },

  // ### Production Deployment: # 5. Monitor for 10 minutes; ## Post-Deployment Monitoring, with its Success Criteria.
  // `runbook watch production --for 10m`, and `--for 24h` for the first day.
  watch: (env) =>
    env.name !== 'local' &&
    watch({ for: '10m', from: restartOf(env), ...monitored, tables: ['avatars', 'avatar_projects'] }),

  // #### Issue 3: Application Still Returns 500, # 3. Check import syntax in built code. Its other questions are asked by
  // the steps themselves: `runbook diagnose production`.
  diagnoses: () => [
    defineDiagnosis({
      id: 'wrong-import',
      symptom: 'The application still answers with errors, or not at all, after a deployment',
      cause: 'the built repository has the wrong import',
      probe: builtImportIsFixed(),
      fits: (_, { sort }) => sort === 'verifies',
      // # Force rebuild. Of sources that are not fixed either, it would become the same: what mends that is the deployment.
      remedy: {
        title: 'Build it from the fixed sources',
        steps: () => [buildApp({ in: 'backend', force: true, before: [importLineIsFixed()] })],
        follows: true,
      },
    }),
  ],

  deploy: (env) => {
    const runs = env.name !== 'local'
    const restart = restartOf(env)

    return [
      // ## Pre-Deployment Checklist. `runbook doctor` shows it; every further step adds what it needs.
      phase('Pre-Deployment Checklist', [
        checklist('required-access', 'Check tools and access', [
          toolPresent('node', { version: '>=20.19' }),
          secretPresent('DATABASE_URL'),
          databaseAnswers(),
        ]),
      ]),

      phase('Step 1: Verify Current State', [
        checklist('current-state', 'Verify the current state', [
          // #### Check Code Version: git status, git log, grep import
          workingTreeClean(),
          lastCommits(5),
          importLineIsKnown(),
          // #### Check Database Schema: 8 columns, 18 missing
          avatarsAsExpected(),
        ]),
      ]),

      // ### Estimated Downtime: two minutes for the code, 30 seconds for the database.
      phase('Step 2: Deploy Code Fix', { takes: '2m' }, [
        parallel([
          // ### Backup Requirements. Beside the rest, which does not touch the database.
          env.protected && backupDatabase(),
          sequence([
            either(
              // #### Option A: Git Pull (Recommended)
              pullCode({ after: [importLineIsFixed()] }),
              // #### Option B: Manual Code Fix, if pulling from git is not possible
              editFile({
                file: repository,
                find: 'import { prisma }',
                replace: 'import prisma',
                after: [importLineIsFixed()],
              }),
            ),

            // #### Rebuild Application
            installDependencies({ in: 'backend' }),
            buildApp({ in: 'backend' }),
          ]),
        ]),
      ]),

      // The SQL is the guide's, in a file. What it must have brought about is read out of it: 18 columns, their types.
      phase('Step 3: Run Database Migration', { takes: '30s' }, [
        applySql({
          title: 'Add the 18 columns to avatars',
          file: 'backend/migrations/20251014_avatar_creator.sql',
        }),
      ]),

      // The guide restarts in Step 2 already, and answers 500 until Step 3 is done: new code on the old schema.
      // The old code on the new schema does no harm, since the migration only adds.
      runs && phase('Restart Application', [restart]),

      phase('Step 4: Verify Deployment', [
        // #### Test API Endpoints
        runs && apiTests(),
        // #### Check Application Logs
        runs &&
          watchLogs({
            id: 'startup-log',
            title: 'Check the application log',
            from: restart,
            has: [/✓ Server listening on port \d+/, '✓ Database connected', '✓ Prisma client initialized'],
          }),
        // #### Verify Database Data
        verifySchema({
          id: 'database-data',
          title: 'Verify the database data',
          tables: { avatar_projects: {} },
          after: [newColumnsReadable()],
        }),
        // ### Staging Deployment: # 4. Run full test suite
        env.name === 'staging' &&
          runTests({
            in: 'backend',
            script: 'test:integration',
            env: { API_URL: env.app.url, LUMIKU_TOKEN: secret('LUMIKU_TOKEN') },
          }),
      ]),

      // ### Manual Test Checklist. It is for the web client, which is not part of this example: LUMIKU_UI names one.
      LUMIKU_UI &&
        phase('Manual Test Checklist', [
          manual({
            title: 'Try it in the browser',
            text: `In the browser, at ${LUMIKU_UI}:`,
            items: [
              'Create new project via UI',
              'Upload avatar image',
              'Set persona fields (name, age, personality)',
              'Set visual attributes (gender, style, etc.)',
              'View avatar in project',
              'Delete avatar',
              'Delete project',
            ],
            mayNotApply: true,
          }),
        ]),

      // ### Success Criteria. The first, creation within 200 ms, is in the API tests.
      phase('Success Criteria', [
        verifySchema({
          id: 'all-columns',
          title: 'Verify all 26 columns of avatars',
          tables: { avatars: { columns: { ...columnsBefore, ...columnsAdded }, count: 26 } },
        }),
        runs &&
          watchLogs({
            id: 'no-errors',
            title: 'Look for errors in the log',
            from: restart,
            lacks: [/error/i],
          }),
        LUMIKU_UI &&
          manual({ id: 'users', title: 'Ask users', text: 'Do user reports confirm that it works again?' }),
      ]),
    ]
  },
})
