// Whether a password belongs to a hash. Comparisons take the same time whatever is compared. The slow forms are for the password thread.
import { hash, timingSafeEqual } from 'node:crypto';
import type { PasswordHashForm } from '../../model/policies/password-hash.ts';
import { type Md5CryptPrefix, md5Crypt } from './md5-crypt.ts';

type FastForm = Extract<PasswordHashForm, { kind: 'plain' | 'sha1' | 'salted-sha1' }>;
export type SlowForm = Exclude<PasswordHashForm, FastForm>;

const SHA1_BYTES = 20;

export function isSlow(form: PasswordHashForm): form is SlowForm {
  return form.kind !== 'plain' && form.kind !== 'sha1' && form.kind !== 'salted-sha1';
}

/** `{PLAIN}`, `{SHA}` and `{SSHA}` of nginx's `auth_basic_user_file`. */
export function matchesFast(form: FastForm, password: Buffer): boolean {
  switch (form.kind) {
    case 'plain':
      // Digests have one length: that of the password stays hidden.
      return timingSafeEqual(sha256(Buffer.from(form.text, 'utf8')), sha256(password));
    case 'sha1':
      return isEqual(hash('sha1', password, 'buffer'), Buffer.from(form.text, 'base64'));
    case 'salted-sha1': {
      const bytes = Buffer.from(form.text, 'base64');
      const salt = bytes.subarray(SHA1_BYTES);
      return isEqual(hash('sha1', Buffer.concat([password, salt]), 'buffer'), bytes.subarray(0, SHA1_BYTES));
    }
  }
}

/** Takes from one millisecond to a second. The libraries are loaded when the first hash of their form comes. */
export async function matchesSlow(form: SlowForm, password: Buffer): Promise<boolean> {
  switch (form.kind) {
    case 'md5-crypt':
    case 'apr1': {
      const prefix: Md5CryptPrefix = form.kind === 'apr1' ? '$apr1$' : '$1$';
      const salt = form.text.slice(prefix.length, form.text.lastIndexOf('$'));
      return isEqual(Buffer.from(md5Crypt(password, salt, prefix), 'latin1'), Buffer.from(form.text, 'latin1'));
    }
    case 'sha-crypt': {
      const text = readText(password);
      const { verify } = await import('unixcrypt');
      return text !== undefined && verify(text, form.text);
    }
    case 'bcrypt': {
      const text = readText(password);
      const { default: bcrypt } = await import('bcryptjs');
      return text !== undefined && bcrypt.compareSync(text, form.text);
    }
  }
}

/** The libraries encode text as UTF-8 again; bytes that are no UTF-8 match nothing. */
function readText(password: Buffer): string | undefined {
  const text = password.toString('utf8');
  return Buffer.from(text, 'utf8').equals(password) ? text : undefined;
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
