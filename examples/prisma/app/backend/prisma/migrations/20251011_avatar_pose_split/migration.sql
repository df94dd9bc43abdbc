-- Splits the avatars off from the poses.

-- AlterTable
ALTER TABLE "avatars" ADD COLUMN     "personaName" TEXT,
ADD COLUMN     "personaAge" INTEGER,
ADD COLUMN     "personaPersonality" TEXT,
ADD COLUMN     "personaBackground" TEXT;

-- AlterTable
ALTER TABLE "pose_library" ADD COLUMN     "isPublic" BOOLEAN NOT NULL DEFAULT true;

-- CreateIndex
CREATE INDEX "pose_library_isPublic_idx" ON "pose_library"("isPublic");
