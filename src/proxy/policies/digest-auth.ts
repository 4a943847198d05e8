// Digest authentication (RFC 7616, algorithm MD5, qop `auth`), as the auth_digest module of ingress-nginx. Nonces carry their time and a
// keyed digest, so that every worker knows those of the others; what is remembered is which counts of them were used.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PasswordAuth, UserList } from '../../model/policies/access.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { type AccessCheck, type AccessDecision, YES } from './access-check.ts';
import type { AuthServices } from './auth-services.ts';

/** How long a nonce is good for; a browser that comes later is asked again without asking its user (`stale`). */
const NONCE_MS = 300_000;
const MAX_FIELD_CHARACTERS = 4096;

export function compileDigestAuth({ realm, users }: PasswordAuth, services: AuthServices): AccessCheck {
  const secrets = readSecrets(users, realm);
  const challenge = (nowMs: number, stale: string): AccessDecision => {
    const nonce = makeNonce(services, realm, nowMs);
    const lines = `WWW-Authenticate: Digest realm="${realm}", qop="auth", nonce="${nonce}", algorithm=MD5${stale}\r\n`;
    return { kind: 'no', status: 401, code: 'PRT-AUTH-1', lines };
  };
  return {
    check(request) {
      // Workers have clocks of their own; nonces are on the epoch.
      const nowMs = Math.floor(request.epochMs);
      const answer = parseAnswer(request.fieldOf('authorization'));
      if (answer === undefined || readUtf8(answer.get('realm')) !== realm) return challenge(nowMs, '');
      const user = readUtf8(answer.get('username'));
      const secret = secrets.get(user);
      if (secret === undefined || !isResponseGood(answer, secret, request)) return challenge(nowMs, '');
      const madeAtMs = timeOfNonce(answer.get('nonce') ?? '', services, realm);
      if (madeAtMs === undefined) return challenge(nowMs, '');
      const isUsedUp = nowMs - madeAtMs > NONCE_MS;
      if (isUsedUp || !services.nonces.use(answer.get('nonce') ?? '', Number.parseInt(answer.get('nc') ?? '', 16), nowMs))
        return challenge(nowMs, ', stale=true');
      request.entry.remoteUser = user;
      return YES;
    },
  };
}

/** User -> MD5 of `user:realm:password`, of the entries for this realm. */
function readSecrets({ entries }: UserList, realm: string): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const [user, text] of entries) {
    const colon = text.lastIndexOf(':');
    const digest = text.slice(colon + 1).toLowerCase();
    if (text.slice(0, Math.max(colon, 0)) === realm && /^[0-9a-f]{32}$/.test(digest) && !secrets.has(user)) secrets.set(user, digest);
  }
  return secrets;
}

function isResponseGood(answer: ReadonlyMap<string, string>, secret: string, request: PolicyRequest): boolean {
  const { target } = request.entry;
  const algorithm = answer.get('algorithm') ?? 'MD5';
  // An answer for another target would let somebody who saw one request make others.
  if (answer.get('uri') !== target || answer.get('qop') !== 'auth' || algorithm.toUpperCase() !== 'MD5') return false;
  const [nonce = '', count = '', clientNonce = ''] = ['nonce', 'nc', 'cnonce'].map((name) => answer.get(name));
  if (!/^[0-9a-f]{8}$/i.test(count) || clientNonce === '') return false;
  const expected = md5(`${secret}:${nonce}:${count}:${clientNonce}:auth:${md5(`${request.method}:${target}`)}`);
  return isEqual(expected, answer.get('response') ?? '');
}

function makeNonce(services: AuthServices, realm: string, nowMs: number): string {
  const id = `${nowMs.toString(36)}-${randomBytes(9).toString('hex')}`;
  return `${id}.${services.sign(`nonce ${id} ${realm}`)}`;
}

/** When it was made; undefined: no nonce of ours. */
function timeOfNonce(nonce: string, services: AuthServices, realm: string): number | undefined {
  const [id = '', digest = ''] = nonce.split('.', 2);
  const [, time] = /^([0-9a-z]{1,11})-[0-9a-f]{18}$/.exec(id) ?? [];
  if (time === undefined || !isEqual(services.sign(`nonce ${id} ${realm}`), digest)) return undefined;
  return Number.parseInt(time, 36);
}

/** The parameters behind `Digest`; undefined: something else, malformed, or a parameter twice. */
function parseAnswer(field: string | undefined): ReadonlyMap<string, string> | undefined {
  if (field === undefined || field.length > MAX_FIELD_CHARACTERS || field.slice(0, 7).toLowerCase() !== 'digest ') return undefined;
  const parameters = new Map<string, string>();
  const pattern = /\s*([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/iy;
  pattern.lastIndex = 7;
  while (pattern.lastIndex < field.length) {
    const match = pattern.exec(field);
    if (match === null) return undefined;
    const name = (match[1] ?? '').toLowerCase();
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return parameters;
}

/** Fields have one character for each byte; Secrets are read as UTF-8. */
function readUtf8(text: string | undefined): string {
  return Buffer.from(text ?? '', 'latin1').toString('utf8');
}

function md5(text: string): string {
  return hash('md5', Buffer.from(text, 'latin1'), 'hex');
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1');
  const right = Buffer.from(b, 'latin1');
  return left.length === right.length && timingSafeEqual(left, right);
}
