// What is spoken with the backend: TLS, gRPC, FastCGI.
import { createSecureContext } from 'node:tls';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { UpstreamTls } from '../../model/upstream-tls.ts';
import { checkDnsSubdomain } from '../../resources/names.ts';
import type { ObjectName } from '../options.ts';
import { integerBetween, oneOf, textMatching } from '../value-parsers.ts';
import { notYet, supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

/** `auto`: as the client speaks, TLS or not. */
export type BackendProtocol = 'http' | 'https' | 'auto';

/** What `proxy-ssl-*` say; a missing member was not set. They only count together with the Secret. */
export interface UpstreamTlsDraft {
  secret?: ObjectName;
  verifies?: boolean;
  verifyDepth?: number;
  name?: string;
  sendsServerName?: boolean;
  ciphers?: string;
  versions?: Pick<UpstreamTls, 'minVersion' | 'maxVersion'>;
}

const MAX_DEPTH = 100;
/** Longest that DNS allows. */
const SERVER_NAME = /^[A-Za-z0-9._-]{1,253}$/;
const CIPHER_LIST = /^[A-Za-z0-9:+!@=_., -]{1,4096}$/;
/** What ingress-nginx accepts before it looks at the form. */
const BASIC_CHARACTERS = /^[-._~A-Za-z0-9/: ]{1,512}$/;
const TLS_WORDS: ReadonlySet<string> = new Set(['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);

const parseSwitch = oneOf<'on' | 'off'>(['on', 'off']);

export const backendProtocolAnnotations: readonly AnnotationRow[] = [
  {
    name: 'backend-protocol',
    aliases: [],
    scope: 'location',
    risk: 'Low',
    status: { kind: 'supported', onInvalid: 'default', read: readBackendProtocol },
    summary:
      '`HTTP`, `HTTPS` or `AUTO_HTTP` (as the client speaks); with `GRPC`, `GRPCS` and `FCGI`, not supported yet, the paths answer 503.',
    differs: '`GRPC`, `GRPCS` and `FCGI` are not spoken yet',
  },
  {
    name: 'proxy-ssl-secret',
    aliases: [],
    scope: 'location',
    risk: 'Medium',
    status: { kind: 'supported', onInvalid: 'drop', read: readSecretName },
    summary: 'Secret `namespace/name` with the client certificate (`tls.crt`, `tls.key`) and the trust (`ca.crt`) towards the backend.',
  },
  supported({
    name: 'proxy-ssl-verify',
    scope: 'location',
    risk: 'Low',
    parse: parseSwitch,
    set: (draft, value) => {
      draft.upstreamTls.verifies = value === 'on';
    },
    summary: '`on`: the certificate of the backend is verified; only names of its subjectAltName count. Needs `proxy-ssl-secret`.',
    differs: 'nginx takes the common name of a certificate without subjectAltName; here it fails, 502',
  }),
  supported({
    name: 'proxy-ssl-verify-depth',
    scope: 'location',
    risk: 'Low',
    parse: integerBetween(0, MAX_DEPTH),
    set: (draft, value) => {
      draft.upstreamTls.verifyDepth = value;
    },
    summary: 'Intermediate certificates that the chain of the backend may have.',
  }),
  supported({
    name: 'proxy-ssl-name',
    scope: 'location',
    risk: 'High',
    parse: textMatching(SERVER_NAME, 'a host name'),
    set: (draft, value) => {
      draft.upstreamTls.name = value;
    },
    summary: 'Name to verify and to send as SNI.',
  }),
  supported({
    name: 'proxy-ssl-server-name',
    scope: 'location',
    risk: 'Low',
    parse: parseSwitch,
    set: (draft, value) => {
      draft.upstreamTls.sendsServerName = value === 'on';
    },
    summary: 'Whether SNI is sent to the backend.',
  }),
  supported({
    name: 'proxy-ssl-ciphers',
    scope: 'location',
    risk: 'Medium',
    parse: parseCiphers,
    set: (draft, value) => {
      draft.upstreamTls.ciphers = value;
    },
    summary: 'OpenSSL cipher list of TLS 1.2 towards the backend.',
  }),
  supported({
    name: 'proxy-ssl-protocols',
    scope: 'location',
    risk: 'Low',
    parse: parseVersions,
    set: (draft, value) => {
      draft.upstreamTls.versions = value;
    },
    summary: 'TLS versions towards the backend; TLSv1.2 and TLSv1.3 are spoken, older ones are left out.',
    differs: 'TLSv1 and TLSv1.1 are not spoken, whatever is set',
  }),
  notYet({
    name: 'fastcgi-index',
    scope: 'location',
    risk: 'Medium',
    check: textMatching(/^[A-Za-z0-9._-]*$/, 'a file name'),
    summary: 'File name for paths that end in a slash.',
  }),
  notYet({
    name: 'fastcgi-params-configmap',
    scope: 'location',
    risk: 'Medium',
    check: textMatching(BASIC_CHARACTERS, 'a name'),
    summary: 'ConfigMap with FastCGI parameters.',
  }),
];

function readBackendProtocol(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  switch (text.toUpperCase()) {
    case 'HTTP':
      draft.backendProtocol = 'http';
      return undefined;
    case 'HTTPS':
      draft.backendProtocol = 'https';
      return undefined;
    case 'AUTO_HTTP':
      draft.backendProtocol = 'auto';
      return undefined;
    case 'GRPC':
    case 'GRPCS':
    case 'FCGI':
      return { kind: 'refused', message: `${text} is not supported yet` };
    default:
      return { kind: 'invalid', message: 'is not one of HTTP, HTTPS, AUTO_HTTP, GRPC, GRPCS, FCGI' };
  }
}

/** ingress-nginx insists on the namespace: without it, the locations are denied. */
function readSecretName(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  if (!BASIC_CHARACTERS.test(text)) return { kind: 'invalid', message: 'has characters that no name of a Secret has' };
  const parts = text.split('/');
  const [namespace = '', name = ''] = parts;
  if (parts.length !== 2 || checkDnsSubdomain(namespace) !== undefined || checkDnsSubdomain(name) !== undefined) {
    return { kind: 'refused', message: 'is not of the form namespace/name' };
  }
  draft.upstreamTls.secret = { namespace, name };
  return undefined;
}

/** An OpenSSL cipher list of which OpenSSL knows something. */
export function parseCiphers(text: string): Result<string> {
  if (!CIPHER_LIST.test(text)) return fail('is not an OpenSSL cipher list');
  try {
    createSecureContext({ ciphers: text });
    return ok(text);
  } catch {
    return fail('names no cipher that OpenSSL knows');
  }
}

function parseVersions(text: string): Result<Pick<UpstreamTls, 'minVersion' | 'maxVersion'>> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const unknown = words.find((word) => !TLS_WORDS.has(word));
  if (unknown !== undefined) return fail(`names ${JSON.stringify(unknown.slice(0, 40))}, which is no TLS version`);
  const has12 = words.includes('TLSv1.2');
  const has13 = words.includes('TLSv1.3');
  if (!has12 && !has13) return fail('names neither TLSv1.2 nor TLSv1.3, the only versions that are spoken');
  return ok({ minVersion: has12 ? 'TLSv1.2' : 'TLSv1.3', maxVersion: has13 ? 'TLSv1.3' : 'TLSv1.2' });
}
