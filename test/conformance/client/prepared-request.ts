// Turns a request of the case format into what goes over the wire, for HTTP/1 and HTTP/2 alike.
import { createHash, randomBytes } from 'node:crypto';
import type { RequestSpec } from '../case-format.ts';
import type { CookieJar } from '../set-cookie.ts';

export interface PreparedRequest {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  readonly isChunked: boolean;
}

/** `ownAuthority` stands in for a host that the case does not name. */
export function prepareRequest(spec: RequestSpec, ownAuthority: string, jar: CookieJar | undefined): PreparedRequest {
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(spec.headers)) {
    for (const one of typeof value === 'string' ? [value] : value) fields.push([name, one]);
  }
  const cookies = new Map([...(jar?.entries() ?? []), ...Object.entries(spec.cookies)]);
  if (cookies.size > 0) fields.push(['Cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')]);
  if (spec.auth !== undefined && 'basic' in spec.auth) fields.push(['Authorization', basicCredential(spec.auth.basic)]);
  const named = new Set(fields.map(([name]) => name.toLowerCase()));
  if (!named.has('user-agent')) fields.push(['User-Agent', 'portico-conformance']);
  if (!named.has('accept')) fields.push(['Accept', '*/*']);
  return {
    method: spec.method ?? 'GET',
    target: spec.path,
    authority: spec.host ?? ownAuthority,
    fields,
    body: prepareBody(spec),
    isChunked: spec.chunked,
  };
}

/** The same request with a field added. */
export function withField(request: PreparedRequest, name: string, value: string): PreparedRequest {
  return { ...request, fields: [...request.fields, [name, value]] };
}

function prepareBody(spec: RequestSpec): Buffer | undefined {
  if (spec.body !== undefined) return Buffer.from(spec.body);
  if (spec.bodySize !== undefined) return Buffer.alloc(spec.bodySize, 'a');
  return undefined;
}

function basicCredential([user, password]: readonly [string, string]): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The answer to a digest challenge (RFC 7616, MD5); undefined if the field holds none that can be answered. */
export function digestCredential(challenge: string, credential: readonly [string, string], request: PreparedRequest): string | undefined {
  if (!/^digest /i.test(challenge)) return undefined;
  const parameter = (name: string): string | undefined => {
    const match = new RegExp(`(?:^|[ ,])${name}=(?:"([^"]*)"|([^ ,]+))`, 'i').exec(challenge);
    return match?.[1] ?? match?.[2];
  };
  const realm = parameter('realm');
  const nonce = parameter('nonce');
  if (realm === undefined || nonce === undefined) return undefined;
  const [user, password] = credential;
  const secret = md5(`${user}:${realm}:${password}`);
  const action = md5(`${request.method}:${request.target}`);
  const parts = [`username="${user}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${request.target}"`];
  if (parameter('qop') === undefined) parts.push(`response="${md5(`${secret}:${nonce}:${action}`)}"`);
  else {
    const cnonce = randomBytes(8).toString('hex');
    parts.push(
      'qop=auth',
      'nc=00000001',
      `cnonce="${cnonce}"`,
      `response="${md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${action}`)}"`,
    );
  }
  const opaque = parameter('opaque');
  if (opaque !== undefined) parts.push(`opaque="${opaque}"`);
  return `Digest ${parts.join(', ')}`;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
