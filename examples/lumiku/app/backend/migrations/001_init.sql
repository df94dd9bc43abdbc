-- The tables of Lumiku before the avatar creator's fix. Run once, in one transaction.

CREATE FUNCTION cuid() RETURNS text LANGUAGE sql VOLATILE AS
  $$ SELECT 'ck' || substr(replace(pg_catalog.gen_random_uuid()::text, '-', ''), 1, 23) $$;

CREATE TABLE users (
  id text PRIMARY KEY DEFAULT cuid(),
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  "createdAt" timestamp(3) with time zone NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) with time zone NOT NULL DEFAULT now()
);

-- Tokens are kept as the sha256 of what the client sends.
CREATE TABLE sessions (
  id text PRIMARY KEY DEFAULT cuid(),
  "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  "tokenHash" text NOT NULL UNIQUE,
  "expiresAt" timestamp(3) with time zone NOT NULL,
  "createdAt" timestamp(3) with time zone NOT NULL DEFAULT now()
);

CREATE TABLE credits (
  id bigserial PRIMARY KEY,
  "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  amount integer NOT NULL,
  reason text NOT NULL,
  "createdAt" timestamp(3) with time zone NOT NULL DEFAULT now()
);

CREATE TABLE avatar_projects (
  id text PRIMARY KEY DEFAULT cuid(),
  "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  "createdAt" timestamp(3) with time zone NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) with time zone NOT NULL DEFAULT now()
);

CREATE TABLE avatars (
  id text PRIMARY KEY DEFAULT cuid(),
  "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  "projectId" text NOT NULL REFERENCES avatar_projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  "baseImageUrl" text NOT NULL,
  "thumbnailUrl" text,
  "createdAt" timestamp(3) with time zone NOT NULL DEFAULT now(),
  "updatedAt" timestamp(3) with time zone NOT NULL DEFAULT now()
);

CREATE INDEX credits_user ON credits ("userId");
CREATE INDEX avatar_projects_user ON avatar_projects ("userId", "createdAt");
CREATE INDEX avatars_project ON avatars ("projectId");
