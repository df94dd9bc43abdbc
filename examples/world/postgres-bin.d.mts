export function findPostgresBin(env?: NodeJS.ProcessEnv): string | undefined
