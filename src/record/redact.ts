/** Stands where a secret stood. */
export const MASK = '‹masked›';

/** A name that promises a secret: `PAYMENT_TOKEN`, `client_secret`, `dbPassword`, `X-Api-Key`. */
const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|credential|(?:^|[-_])(?:pwd|auth|cookie)$|^(?:proxy-)?authorization$|^set-cookie$/i;

/** The name of an environment variable that holds a key: `SIGNING_KEY`. In small letters a key is a key to anything. */
const KEY_VARIABLE = /^[A-Z0-9_]*KEY$/;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || KEY_VARIABLE.test(name);
}

/**
 * Masks what looks like a secret in a text that will be recorded or shown: credentials in URLs, `Authorization` and
 * cookie headers, bearer tokens, and the values of names that promise a secret (YAML, JSON, `NAME=value`, `--name value`,
 * query strings). It errs on the side of masking. Line breaks stay, so that line numbers still match the scenario.
 */
export function redact(text: string): string {
  return (
    text
      // scheme://user:password@host and scheme://token@host
      .replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/@'"<>]+)@/gi, `$1${MASK}@`)
      // A PEM block, in as many lines as it had.
      .replace(/(-----BEGIN [A-Z ]*PRIVATE KEY-----)([\s\S]*?)(-----END [A-Z ]*PRIVATE KEY-----)/g, maskedBlock)
      .replace(/\b(Bearer|Basic|Digest|Negotiate)(\s+)[A-Za-z0-9+/=._~-]{6,}/gi, `$1$2${MASK}`)
      .replace(NAME_AND_VALUE, (whole, before: string, name: string, between: string, value: string) =>
        isSecretName(name) && !isHarmless(value) ? `${before}${name}${between}${maskedValue(value)}` : whole,
      )
      .replace(FLAG_AND_VALUE, (whole, flag: string, between: string, value: string) =>
        isSecretName(flag) && !isHarmless(value) ? `--${flag}${between}${maskedValue(value)}` : whole,
      )
  );
}

/** The same for plain data: strings are redacted, and what stands under a secret name is masked whole. */
export function redactData(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((entry) => redactData(entry));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => {
      const secret = isSecretName(name) && (typeof entry === 'string' || typeof entry === 'number');
      return [name, secret ? MASK : redactData(entry)];
    }),
  );
}

/** name: value, "name": "value", name=value. The value ends at its quote, or at a space, comma, `&` or bracket. */
const NAME_AND_VALUE =
  /(^|[\s{,;?&'"])([A-Za-z_][\w.-]*)(["']?[ \t]*[:=][ \t]*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\$\{[^}\n]*\}|\{\{[^}\n]*\}\}|(?:Bearer |Basic |Digest )?[^\s,&}\]'"]+)/gm;

const FLAG_AND_VALUE = /--([A-Za-z][\w-]*)([ \t=]+)("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s'"-][^\s]*)/g;

/** A reference to an environment variable or a template tells nothing. */
function isHarmless(value: string): boolean {
  return /^["']?(?:\$\{[A-Za-z_]\w*\}|\{\{[^}]*\}\}|)["']?$/.test(value) || value.includes(MASK);
}

function maskedValue(value: string): string {
  const quote = /^["']/.exec(value)?.[0] ?? '';
  return `${quote}${MASK}${quote}`;
}

function maskedBlock(_whole: string, begin: string, inside: string, end: string): string {
  return `${begin}${'\n'.repeat(Math.max(0, inside.split('\n').length - 3))}\n${MASK}\n${end}`;
}
