-- ==========================================
-- Avatar Creator Schema Migration
-- Date: 2025-10-14
-- Purpose: Add missing columns to avatars table
-- Estimated Time: 30 seconds
-- Impact: Non-blocking (does not lock table)
-- ==========================================

-- Start transaction for atomicity
BEGIN TRANSACTION;

-- 1. Persona Columns (4 columns)
-- Purpose: Store character personality and background
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "personaName" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "personaAge" INTEGER;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "personaPersonality" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "personaBackground" TEXT;

-- 2. Visual Attribute Columns (9 columns)
-- Purpose: Store avatar appearance characteristics
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "gender" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "ageRange" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "ethnicity" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "bodyType" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "hairStyle" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "hairColor" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "eyeColor" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "skinTone" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "style" TEXT;

-- 3. Generation Info Columns (5 columns)
-- Purpose: Track how avatar was created and usage statistics
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "sourceType" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "generationPrompt" TEXT;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "seedUsed" INTEGER;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "usageCount" INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE avatars ADD COLUMN IF NOT EXISTS "lastUsedAt" TIMESTAMP WITH TIME ZONE;

-- Commit all changes
COMMIT;
