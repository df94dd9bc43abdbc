/** Whether a variable, a setting or a field of this name holds a secret. */
export const isSecretName = (name: string): boolean =>
  /PASS|PWD|TOKEN|SECRET|KEY|CREDENTIAL|AUTH(?!OR|_U|ENTICATION_)|SIGNATURE|^SIG$|WEBHOOK|COOKIE|SESS(?:ION)?_?ID|PRIVATE|DSN/i.test(
    name,
  ) && !/(_URI|_URL|(?<!SESS|SESSION)_ID|_NAME|_TYPE|_METHOD)$/i.test(name)

/** The same of what an address asks with, where OAuth and single sign-on lead on with a key too. */
export const isSecretInAddress = (name: string): boolean =>
  isSecretName(name) || /(^|[_-])(code|state|session|sid|sig|ticket)$|^SAML/i.test(name)
