// What the echo backend says about a request, and what it does with it: a pure plan that HTTP/1.1 and HTTP/2 servers carry out.
import { createHash } from 'node:crypto';
import { findControl } from './control-path.ts';

/** Which backend answers. */
export interface EchoIdentity {
  readonly backend: string;
  readonly endpoint: string;
  readonly namespace: string;
}

export interface EchoTls {
  readonly sni: string | null;
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly version: string;
  readonly clientCN: string | null;
}

export interface EchoBody {
  readonly length: number;
  readonly sha256: string;
  /** The first `TEXT_BYTES` bytes as UTF-8. */
  readonly text: string;
}

export interface EchoRequest {
  readonly method: string;
  /** The request target exactly as received. */
  readonly path: string;
  readonly host: string;
  readonly proto: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** Lower-case names, values in order of arrival. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: EchoBody;
  readonly tls: EchoTls | null;
}

export type EchoAnswer = EchoIdentity & EchoRequest;

/** What to do with a request. */
export type AnswerPlan =
  | { readonly kind: 'close' }
  | {
      readonly kind: 'respond';
      readonly delayMs: number;
      readonly status: number;
      /** Without framing fields and Date, unless the request named them. */
      readonly fields: readonly (readonly [name: string, value: string])[];
      readonly body: PlannedBody;
    };

export type PlannedBody = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'fill'; readonly lengthBytes: number };

const TEXT_BYTES = 4096;

export function echoAnswer(identity: EchoIdentity, request: EchoRequest): EchoAnswer {
  return { ...identity, ...request };
}

/** Groups field lines by lower-case name. */
export function groupFields(lines: Iterable<readonly [string, string]>): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    const values = groups.get(lower);
    if (values === undefined) groups.set(lower, [value]);
    else values.push(value);
  }
  return Object.fromEntries(groups);
}

/** Takes a body piece by piece and remembers its length, digest and beginning. */
export function createBodyDigest(): { add: (piece: Buffer) => void; finish: () => EchoBody } {
  const hash = createHash('sha256');
  let length = 0;
  let start = Buffer.alloc(0);
  return {
    add(piece) {
      hash.update(piece);
      length += piece.length;
      if (start.length < TEXT_BYTES) start = Buffer.concat([start, piece.subarray(0, TEXT_BYTES - start.length)]);
    },
    finish: () => ({ length, sha256: hash.digest('hex'), text: start.toString('utf8') }),
  };
}

/** Decides how the request is answered: the echo of it, changed by a control path. */
export function planAnswer(answer: EchoAnswer): AnswerPlan {
  const found = findControl(answer.path);
  const control = found?.control;
  if (control?.kind === 'close') return { kind: 'close' };
  const bytes = control?.kind === 'bytes';
  const fields: (readonly [string, string])[] = [['Content-Type', bytes ? 'application/octet-stream' : 'application/json']];
  let status = 200;
  if (control?.kind === 'status') status = control.code;
  if (control?.kind === 'basic-auth' && !hasBasicCredential(answer, control.user, control.password)) {
    status = 401;
    fields.push(['WWW-Authenticate', 'Basic realm="echo"']);
  }
  const given = found?.fields ?? [];
  const replaced = new Set(given.map(([name]) => name.toLowerCase()));
  return {
    kind: 'respond',
    delayMs: control?.kind === 'delay' ? control.delayMs : 0,
    status,
    fields: [...fields.filter(([name]) => !replaced.has(name.toLowerCase())), ...given],
    body:
      control?.kind === 'bytes'
        ? { kind: 'fill', lengthBytes: control.lengthBytes }
        : { kind: 'bytes', bytes: Buffer.from(JSON.stringify(answer)) },
  };
}

function hasBasicCredential(request: EchoRequest, user: string, password: string): boolean {
  const expected = Buffer.from(`${user}:${password}`).toString('base64');
  return request.headers['authorization']?.some((value) => value.replace(/^basic +/i, '') === expected) ?? false;
}
