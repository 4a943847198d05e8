// From a Secret to the users that it names: an htpasswd or htdigest file under the key `auth`, or a key for each user. Lists are kept as
// long as the Secret object lives, so that all routes with one Secret refer to one list. Nothing of a hash ever stands in a message.
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import type { PasswordAuth, UserList } from '../model/policies/access.ts';
import { parsePasswordHash } from '../model/policies/password-hash.ts';
import type { Secret } from '../resources/objects.ts';

export interface UserListForm {
  readonly type: 'auth-file' | 'auth-map';
  readonly kind: PasswordAuth['kind'];
}

export interface UserListReading {
  readonly users: UserList;
  /** Users whose hash no password can match. */
  readonly unusable: readonly string[];
}

type Entry = UserList['entries'][number];

export class UserListReader {
  readonly #read = new WeakMap<Secret, Map<string, Result<UserListReading>>>();

  /** The error ends a sentence that starts with the Secret. */
  read(secret: Secret, form: UserListForm): Result<UserListReading> {
    const known = this.#read.get(secret) ?? new Map<string, Result<UserListReading>>();
    this.#read.set(secret, known);
    const key = `${form.type} ${form.kind}`;
    let reading = known.get(key);
    if (reading === undefined) known.set(key, (reading = readUsers(secret, form)));
    return reading;
  }
}

function readUsers(secret: Secret, { type, kind }: UserListForm): Result<UserListReading> {
  const entries = type === 'auth-file' ? readFile(secret.data.get('auth')) : readMap(secret.data);
  if (entries === undefined) return fail('has no key auth');
  const list = kind === 'basic' ? entries.map(([user, rest]): Entry => [user, rest.split(':', 1)[0] ?? '']) : entries;
  const isUsable = kind === 'basic' ? isUsableHash : isUsableDigest;
  const unusable = list.filter(([, text]) => !isUsable(text)).map(([user]) => user);
  return ok({ users: { entries: list }, unusable });
}

/** nginx: a line for each user, `#` begins a comment, of several lines for one user the first counts. */
function readFile(bytes: Buffer | undefined): readonly Entry[] | undefined {
  if (bytes === undefined) return undefined;
  const entries: Entry[] = [];
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (line.startsWith('#') || colon <= 0) continue;
    entries.push([line.slice(0, colon), line.slice(colon + 1)]);
  }
  return entries;
}

function readMap(data: Secret['data']): readonly Entry[] {
  return Array.from(data, ([user, bytes]): Entry => [user, (bytes.toString('utf8').split(/\r?\n/, 1)[0] ?? '').trim()]);
}

function isUsableHash(text: string): boolean {
  return parsePasswordHash(text) !== undefined;
}

function isUsableDigest(text: string): boolean {
  return /:[0-9a-f]{32}$/i.test(text);
}
