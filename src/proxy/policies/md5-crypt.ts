// The MD5 password hashes of crypt(3) (`$1$`) and of Apache's htpasswd (`$apr1$`): the same thousand rounds with another prefix. About
// a millisecond each, so never on the thread that carries traffic. After Poul-Henning Kamp's `crypt-md5.c` of FreeBSD.
import { hash } from 'node:crypto';

export type Md5CryptPrefix = '$1$' | '$apr1$';

const ROUNDS = 1000;
const DIGEST_BYTES = 16;
const MAX_SALT_CHARACTERS = 8;
const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Which bytes of the digest stand together in four digits. */
const GROUPS = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;

/** The whole hash text, `prefix salt $ digits`. More than eight characters of salt are cut off, as crypt(3) does. */
export function md5Crypt(password: Buffer, salt: string, prefix: Md5CryptPrefix): string {
  const usedSalt = salt.slice(0, MAX_SALT_CHARACTERS);
  const saltBytes = Buffer.from(usedSalt, 'latin1');
  let digest = startDigest(password, saltBytes, prefix);
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = (round & 1) === 1;
    const parts = [isOdd ? password : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(password);
    parts.push(isOdd ? digest : password);
    digest = md5(Buffer.concat(parts));
  }
  return `${prefix}${usedSalt}$${encode(digest)}`;
}

function startDigest(password: Buffer, salt: Buffer, prefix: Md5CryptPrefix): Buffer {
  const inner = md5(Buffer.concat([password, salt, password]));
  const parts = [password, Buffer.from(prefix, 'latin1'), salt];
  for (let rest = password.length; rest > 0; rest -= DIGEST_BYTES) parts.push(inner.subarray(0, Math.min(rest, DIGEST_BYTES)));
  const bits = [];
  // A zero byte or the first byte of the password for each bit of its length: an accident of the first version that everybody copied.
  for (let rest = password.length; rest > 0; rest >>= 1) bits.push((rest & 1) === 1 ? 0 : (password[0] ?? 0));
  return md5(Buffer.concat([...parts, Buffer.from(bits)]));
}

function md5(bytes: Buffer): Buffer {
  return hash('md5', bytes, 'buffer');
}

function encode(digest: Buffer): string {
  let text = '';
  for (const [high, middle, low] of GROUPS)
    text += digits(((digest[high] ?? 0) << 16) | ((digest[middle] ?? 0) << 8) | (digest[low] ?? 0), 4);
  return text + digits(digest[11] ?? 0, 2);
}

/** Six bits a digit, lowest first. */
function digits(value: number, count: number): string {
  let text = '';
  for (let i = 0, rest = value; i < count; i++, rest >>>= 6) text += DIGITS[rest & 63] ?? '';
  return text;
}
