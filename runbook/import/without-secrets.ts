/** A guide may hold a real password; a book that is committed must not. */
export const withoutSecrets = (text: string): string =>
  text
    .replace(/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]+):[^\s/@]+@/gi, '$1:…@')
    .replace(/(\bBearer\s+)(?![$<{‹])[\w.~+/=-]{12,}/g, '$1…')
    .replace(
      /(\b(?:cookie|authorization|x-api-key|private-token):\s*(?:Basic |Token )?)(?!Bearer|[$<{‹])[^"'\n]{3,}/gi,
      '$1…',
    )
    .replace(/((?:\s-u|--user)\s+["']?[^\s:"']+):(?![$<{‹])[^\s"']+/g, '$1:…')
    .replace(
      /((?:password|passwd|secret|token|api_?key)["']?\s*[=:]\s*["']?)(?![$<{‹"'])[^\s"']{6,}/gi,
      '$1…',
    )

/** Whether a variable of this name is a secret, whatever a guide writes for its value. */
export const isSecretName = (name: string): boolean =>
  /TOKEN|PASS|SECRET|KEY|DATABASE_URL|CREDENTIAL/.test(name)

/** Whether a text names something secret beside what it holds. */
export const namesSecret = (text: string): boolean =>
  /(password|passwd|secret|token|api_?key)["']?\s*[=:]/i.test(text)
