/** 'Step 2: Deploy Code Fix' → 'deploy-code-fix'. */
export const slug = (title: string): string =>
  (title.replace(/^(step|phase|part)?\s*\d+[.):]?\s*/i, '') || title)
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\(.*?\)|\{#.*?\}/g, ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .split('-')
    .slice(0, 6)
    .join('-')
