// Basic authentication (RFC 7617) with the users of a Secret. After a good password the log knows the user; the credentials are never
// passed on to the backend.
import type { PasswordAuth } from '../../model/policies/access.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { type AccessAnswer, type AccessCheck, type AccessDecision, YES } from './access-check.ts';
import type { AuthServices } from './auth-services.ts';
import type { PasswordOutcome } from './password-checker.ts';
import type { UserTable } from './user-table.ts';

const OVERLOADED: AccessDecision = { kind: 'failed', code: 'PRT-AUTH-4' };
/** Longer than any header field may be by default; nothing is decoded beyond it. */
const MAX_CREDENTIALS = 16 * 1024;

export function compileBasicAuth({ realm, users }: PasswordAuth, services: AuthServices): AccessCheck {
  const table = services.usersOf(users);
  const refused: AccessDecision = { kind: 'no', status: 401, code: 'PRT-AUTH-1', lines: `WWW-Authenticate: Basic realm="${realm}"\r\n` };
  return { check: (request) => check(request, table, services, refused) };
}

function check(request: PolicyRequest, table: UserTable, services: AuthServices, refused: AccessDecision): AccessAnswer {
  const { nowMs } = request.context;
  const { fields } = request.head;
  const { proof } = fields;
  // The same lines on the same connection, whose Authorization this very table found good: `FieldMemo` has compared every byte of them. A
  // change of the Secret makes another table. Saves the digest: 1.5 us of 14 (bench policies).
  if (proof !== undefined && proof.table === table && proof.untilMs > nowMs) {
    request.entry.remoteUser = proof.user;
    return YES;
  }
  const encoded = readCredentials(request.fieldOf('authorization'));
  if (encoded === undefined) return refused;
  const digest = services.digest(encoded);
  const known = table.findKnown(digest, nowMs);
  if (known !== undefined) {
    if (fields.isKept) fields.proof = { table, ...known };
    request.entry.remoteUser = known.user;
    return YES;
  }
  const credentials = decodeCredentials(encoded);
  if (credentials === undefined) return refused;
  const { user, password } = credentials;
  const accept = (): AccessDecision => {
    table.noteMatch(digest, user, request.context.nowMs);
    request.entry.remoteUser = user;
    return YES;
  };
  const isMatch = table.checkFast(user, password);
  if (isMatch !== undefined) return isMatch ? accept() : refused;
  const decide = (outcome: PasswordOutcome): AccessDecision => {
    switch (outcome) {
      case 'match':
        return accept();
      case 'mismatch':
        return refused;
      case 'overloaded':
        return OVERLOADED;
    }
  };
  return { kind: 'later', start: (resume) => table.checkSlow(digest, user, password, (outcome) => resume(decide(outcome))) };
}

/** The text behind `Basic`; undefined: there is none, or something else. Several fields of the name are joined by a comma, and are none. */
function readCredentials(field: string | undefined): string | undefined {
  if (field === undefined || field.length > MAX_CREDENTIALS || field.slice(0, 6).toLowerCase() !== 'basic ') return undefined;
  const encoded = field.slice(6).trimStart();
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded) ? encoded : undefined;
}

interface Credentials {
  readonly user: string;
  readonly password: Buffer;
}

/** Undefined: no colon, or a NUL, at which crypt(3) would stop to read. */
function decodeCredentials(encoded: string): Credentials | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(0x3a);
  if (colon < 0 || bytes.includes(0)) return undefined;
  return { user: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}
