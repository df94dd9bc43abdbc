// "Prisma Schema Synchronization Fix - Production Database" as a book: its five phases in their order. The second one is
// the author's, on another machine than production's: a procedure of its own. Headings in comments are the guide's.
// What was wrong in the guide is listed in README.md.
import { defineRunbook, phase, secret, text } from 'runbook'
import { schemaHas, schemaMatches } from 'runbook/checks'
import {
  anyString,
  backupDatabase,
  captured,
  contains,
  installDependencies,
  manual,
  migrationCreates,
  pm2Restart,
  prismaGenerate,
  prismaMigrate,
  prismaReset,
  prismaSeed,
  pullCode,
  recordInChangelog,
  verifyHttp,
  verifySchema,
  watchLogs,
} from 'runbook/steps'
import { createMigration } from './steps/create-migration.ts'
import { pushMigration } from './steps/push-migration.ts'
import { avatarColumns, avatarTables, foreignKeys, indexes, poseTables } from './tables.ts'

const { LUMIKU_URL, LUMIKU_LOCAL_URL, LUMIKU_UI } = process.env
const database = { url: secret('DATABASE_URL') }
const backend = { in: 'backend', schema: 'prisma/schema.prisma' }
const name = 'add_avatar_creator_complete'
const tables = [...avatarTables, ...poseTables]
const projects = '/api/apps/avatar-creator/projects'

export default defineRunbook({
  name: 'lumiku-prisma',

  // ## Contact Information: "with migration timestamp and error messages", which `runbook bundle` packs.
  contacts: [
    { name: 'DevOps team', reach: 'with the archive of `runbook bundle`', when: 'if migration fails' },
  ],

  environments: {
    production: {
      protected: true,
      app: { dir: './production', branch: 'main', url: LUMIKU_URL ?? 'https://dev.lumiku.com' },
      database,
    },
    local: {
      app: { dir: './local', branch: 'main', url: LUMIKU_LOCAL_URL ?? 'http://localhost:3000' },
      database,
    },
  },

  deploy: () => {
    const restart = pm2Restart({ process: 'backend', ecosystem: 'ecosystem.config.cjs', updateEnv: false })
    return [
      // ### Phase 1: Preparation. The status of the migrations is part of the plan: see prismaMigrate.
      phase('Phase 1: Preparation', { takes: '5m' }, [backupDatabase()]),

      // Phase 2 is the author's: `runbook run prepare local`, below.

      // ### Phase 3: Deploy Migration
      phase('Phase 3: Deploy Migration', { takes: '5m' }, [
        pullCode(),
        installDependencies({ in: 'backend' }),
        prismaMigrate({ in: 'backend', pending: [name], before: [migrationCreates(name, tables, backend)] }),
        prismaGenerate({ in: 'backend' }),
        restart,
      ]),

      // ### Phase 4: Verification
      phase('Phase 4: Verification', { takes: '5m' }, [
        verifySchema({
          title: 'Verify the tables of Avatar Creator and Pose Generator',
          tables: {
            ...Object.fromEntries(tables.map((table) => [table, {}])),
            avatars: { columns: avatarColumns, count: 26 },
          },
          after: [schemaHas(foreignKeys), schemaHas(indexes), schemaMatches(backend)],
        }),
        verifyHttp({
          title: 'Test the API endpoint',
          headers: { Authorization: text`Bearer ${secret('LUMIKU_TOKEN')}` },
          requests: [
            { name: 'health', url: '/api/health', expect: { json: { status: 'ok' } } },
            {
              name: 'create a project',
              method: 'POST',
              url: projects,
              json: { name: 'Test Project', description: 'Migration test' },
              expect: { status: 201, json: { id: anyString, name: 'Test Project', avatars: [] } },
              capture: { projectId: 'id' },
            },
            {
              name: 'get projects',
              url: projects,
              expect: { json: contains({ id: captured('projectId') }) },
            },
          ],
          cleanup: [
            { name: 'delete it', method: 'DELETE', url: `${projects}/{projectId}`, expect: { status: 204 } },
          ],
        }),
        watchLogs({ title: 'Check the application log', from: restart, lacks: [/error/i] }),
      ]),

      // ### Phase 5: Seed Data (Optional)
      phase('Phase 5: Seed Data', [
        prismaSeed({
          in: 'backend',
          optional: true,
          rows: { avatar_presets: 3, persona_examples: 3, pose_categories: 2 },
        }),
      ]),

      // ## Post-Migration Actions
      phase('Post-Migration Actions', [
        // 1. It is for the web client, which is not part of this example: LUMIKU_UI names one.
        LUMIKU_UI &&
          manual({
            id: 'workflow',
            title: 'Test the full Avatar Creator workflow',
            text: `In the browser, at ${LUMIKU_UI}:`,
            items: ['Create project', 'Upload avatar', 'View avatar details', 'Delete project'],
          }),
        // 3. Update documentation with migration timestamp. Outside of the clone, which must stay clean.
        recordInChangelog({ file: '../DEPLOYMENTS.md' }),
      ]),
    ]
  },

  procedures: {
    // ### Phase 2: Fix Migration, "in local development (NOT production!)"
    prepare: (env) => {
      // #### Option A: Delete bad migration and regenerate
      const created = createMigration({
        in: 'backend',
        name,
        instead: '20251011_avatar_pose_split',
        creates: tables,
      })
      return env.name !== 'local'
        ? []
        : [
            phase('Phase 2: Fix Migration', { takes: '10m' }, [
              created,
              manual({
                id: 'review',
                title: 'Review the generated SQL',
                text: `Read backend/prisma/migrations/*_${name}/migration.sql. Is it what production needs?`,
              }),
              // `migrate dev` applies it to the author's own database.
              prismaMigrate({
                in: 'backend',
                title: 'Try the migration on the local database',
                from: created,
                pending: [name],
                after: [schemaMatches(backend)],
              }),
              prismaGenerate({ in: 'backend' }),
              pushMigration(
                'backend/prisma/migrations',
                name,
                'fix: Add complete Avatar Creator migration with CREATE TABLE statements',
              ),
            ]),
          ]
    },

    // The local database from nothing, as the first guide has it: migrate reset, generate, dev.
    reset: (env) =>
      env.name !== 'local'
        ? []
        : [
            installDependencies({ in: 'backend' }),
            prismaReset({ in: 'backend' }),
            prismaGenerate({ in: 'backend' }),
            manual({
              id: 'dev',
              title: 'Start the application',
              text: 'cd backend && npm run dev. Does it answer?',
            }),
          ],
  },
})
