// The forms of password hashes that htpasswd files hold and that Portico checks: those of crypt(3) and of Apache and nginx. What is
// not in this list never matches, and translation says so.

export type PasswordHashForm =
  /** Checked in about a microsecond, where the request is. */
  | { readonly kind: 'plain' | 'sha1' | 'salted-sha1'; readonly text: string }
  /** Takes a millisecond or much more, on a thread of its own. */
  | { readonly kind: 'md5-crypt' | 'apr1' | 'sha-crypt' | 'bcrypt'; readonly text: string };

/** Twice the time for each step; 14 takes about a second. */
export const MAX_BCRYPT_COST = 14;
/** Of SHA-256-crypt and SHA-512-crypt; about a second. */
export const MAX_SHA_CRYPT_ROUNDS = 1_000_000;
/** Longest hash text; SHA-512-crypt needs 123 characters. */
const MAX_CHARACTERS = 1024;

/**
 * Tells the form of a hash. Undefined: no form that can be checked, or one that would take too long. `text` of the result is what stands
 * behind a prefix in braces, else the whole hash.
 */
export function parsePasswordHash(hash: string): PasswordHashForm | undefined {
  if (hash === '' || hash.length > MAX_CHARACTERS) return undefined;
  const braced = /^\{(PLAIN|SHA|SSHA)\}(.*)$/s.exec(hash);
  if (braced !== null) return parseBraced(braced[1] ?? '', braced[2] ?? '');
  if (/^\$1\$[^$:]{0,64}\$[./0-9A-Za-z]{22}$/.test(hash)) return { kind: 'md5-crypt', text: hash };
  if (/^\$apr1\$[^$:]{0,64}\$[./0-9A-Za-z]{22}$/.test(hash)) return { kind: 'apr1', text: hash };
  const shaCrypt = /^\$(?:5(?=.*\$.{43}$)|6(?=.*\$.{86}$))\$(?:rounds=(\d{1,9})\$)?[./0-9A-Za-z]{0,64}\$[./0-9A-Za-z]+$/.exec(hash);
  if (shaCrypt !== null) return Number(shaCrypt[1] ?? '0') > MAX_SHA_CRYPT_ROUNDS ? undefined : { kind: 'sha-crypt', text: hash };
  const bcrypt = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/.exec(hash);
  if (bcrypt === null) return undefined;
  const cost = Number(bcrypt[1]);
  return cost < 4 || cost > MAX_BCRYPT_COST ? undefined : { kind: 'bcrypt', text: hash };
}

/** An empty password in the clear would let everybody in who knows a name. */
function parseBraced(scheme: string, text: string): PasswordHashForm | undefined {
  if (text === '') return undefined;
  switch (scheme) {
    case 'PLAIN':
      return { kind: 'plain', text };
    case 'SHA':
      return /^[A-Za-z0-9+/]{27}=?$/.test(text) ? { kind: 'sha1', text } : undefined;
    default:
      return /^[A-Za-z0-9+/]{28,400}={0,2}$/.test(text) ? { kind: 'salted-sha1', text } : undefined;
  }
}
