#!/usr/bin/env bash
# The first guide's own commands, in the guide's order, as somebody would put them into a script: "Verify Current State",
# "Create database backup", "Deploy Code Fix", "Run Database Migration", "Monitor", "Verify Deployment". The one thing
# added: the application is waited for after its restart, since a script is faster at the next command than a person.
# argv: the folder of the clone, the seconds to monitor in the place of the guide's ten minutes.
set -euo pipefail
cd "$1"

repository=backend/src/apps/avatar-creator/repositories/avatar-creator.repository.ts
api=$LUMIKU_URL/api/apps/avatar-creator/projects
ask() { curl -sS --fail-with-body -H "Authorization: Bearer $LUMIKU_TOKEN" -H 'Content-Type: application/json' "$@"; }

# Step 1: Verify Current State
git status
git log --oneline -5
grep -n 'import.*prisma' $repository
psql "$DATABASE_URL" -c '\d avatars'
psql "$DATABASE_URL" -c "SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'avatars'"

# Production Deployment: 2. Create database backup
pg_dump "$DATABASE_URL" >"../backup_$(date +%Y%m%d_%H%M%S).sql"

# Step 2: Deploy Code Fix
git fetch origin
git checkout main
git pull origin main
grep -n 'import.*prisma' $repository
(cd backend && npm install && npm run build)
pm2 restart lumiku-backend

# Step 3: Run Database Migration
psql "$DATABASE_URL" -f backend/migrations/20251014_avatar_creator.sql

# Production Deployment: 5. Monitor for 10 minutes
if [ "$2" != 0 ]; then timeout "$2" pm2 logs lumiku-backend --lines 100 || [ $? = 124 ]; fi

# Step 4: Verify Deployment
until curl -s -o /dev/null "$LUMIKU_URL/health"; do sleep 0.02; done
curl -s -o /dev/null -w '%{http_code}\n' "$LUMIKU_URL/health"
created=$(ask -X POST "$api" -d '{"name": "Deployment Test Project", "description": "Testing post-deployment"}')
echo "$created"
project=$(grep -o '"id":"[^"]*"' <<<"$created" | head -1 | cut -d'"' -f4)
ask -X GET "$api"
ask -X POST "$api/$project/avatars" -d '{
  "name": "Test Avatar", "baseImageUrl": "https://example.com/avatar.jpg", "sourceType": "upload",
  "personaName": "John Doe", "personaAge": 30, "gender": "male", "style": "professional"
}'
ask -X DELETE "$api/$project"
pm2 logs lumiku-backend --lines 50 --nostream
psql "$DATABASE_URL" -c 'SELECT id, name, description, "createdAt" FROM avatar_projects ORDER BY "createdAt" DESC LIMIT 5'
psql "$DATABASE_URL" -c 'SELECT * FROM avatars WHERE "sourceType" IS NOT NULL LIMIT 5'
