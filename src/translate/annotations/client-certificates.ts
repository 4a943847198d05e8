// Client certificates. They protect all paths of a host, whichever Ingress those come from.
import { compileExactCasePattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { integerBetween, oneOf, parseBool, parseObjectName } from '../value-parsers.ts';
import { parseUrlTemplate } from './external-auth.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

const MAX_DEPTH = 100;

export const clientCertificateAnnotations: readonly AnnotationRow[] = [
  {
    name: 'auth-tls-secret',
    aliases: [],
    scope: 'host',
    risk: 'Medium',
    status: { kind: 'supported', onInvalid: 'drop', read: readSecret },
    summary:
      'Secret `namespace/name` with the CA of client certificates (`ca.crt`, `ca.crl`); while it is missing the whole host answers 403.',
    differs: 'a Secret without `ca.crt` closes the host, ingress-nginx leaves it open; the policy holds on plain HTTP too',
  },
  supported({
    name: 'auth-tls-verify-client',
    scope: 'host',
    risk: 'Medium',
    parse: oneOf<'on' | 'off' | 'optional' | 'optional_no_ca'>(['on', 'off', 'optional', 'optional_no_ca']),
    set: (draft, value) => {
      draft.clientCertificates.verify = value;
    },
    summary: '`on`, `off`, `optional` or `optional_no_ca` (an unknown issuer is fine).',
  }),
  supported({
    name: 'auth-tls-verify-depth',
    scope: 'host',
    risk: 'Low',
    parse: integerBetween(0, MAX_DEPTH),
    set: (draft, value) => {
      draft.clientCertificates.depth = value;
    },
    summary: 'Certificates between the CA and that of the client.',
  }),
  {
    name: 'auth-tls-error-page',
    aliases: [],
    scope: 'host',
    risk: 'High',
    status: { kind: 'supported', onInvalid: 'drop', read: readErrorPage },
    summary: 'URL to which clients without a good certificate are sent (302).',
    differs: 'only URLs are supported; with a path or a named location such clients get 400',
  },
  supported({
    name: 'auth-tls-pass-certificate-to-upstream',
    scope: 'host',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseBool,
    set: (draft, value) => {
      draft.clientCertificates.passesCertificate = value;
    },
    summary: 'Sends the certificate to the backend in `ssl-client-cert`.',
  }),
  supported({
    name: 'auth-tls-match-cn',
    scope: 'host',
    risk: 'High',
    onInvalid: 'drop',
    parse: parseSubjectPattern,
    set: (draft, value) => {
      draft.clientCertificates.subjectPattern = value;
    },
    summary: '`CN=` and a regular expression for the subject of the certificate; another subject gets 403.',
    differs: 'the expression runs on RE2; one that only PCRE takes is not valid',
  }),
];

/** A name without namespace closes the host; a character that no name has drops the Ingress. */
function readSecret(text: string, { clientCertificates }: AnnotationDraft): ReadProblem | undefined {
  if (!/^[A-Za-z0-9._/-]{1,512}$/.test(text)) return { kind: 'invalid', message: 'has a character that no name of a Secret may have' };
  const name = parseObjectName(text);
  clientCertificates.secret = name.ok ? name.value : 'malformed';
  return undefined;
}

function readErrorPage(text: string, { clientCertificates }: AnnotationDraft): ReadProblem | undefined {
  if (/^@[A-Za-z0-9_-]{1,256}$/.test(text) || /^\/[A-Za-z0-9._~/-]{0,1024}$/.test(text)) {
    const message = 'only URLs are supported as error pages: clients without a good certificate get 400 instead';
    return { kind: 'unsupported', message };
  }
  const url = parseUrlTemplate(text);
  if (!url.ok) return { kind: 'invalid', message: url.error };
  if (!/^https?:\/\/[^/]/.test(url.value))
    return { kind: 'invalid', message: 'is not a URL such as "https://shop.example/no-certificate"' };
  clientCertificates.errorPage = url.value;
  return undefined;
}

/** ingress-nginx: `^CN=[/\-.\_\~a-zA-Z0-9*+()|…]*$`, a regular expression on the whole subject. */
function parseSubjectPattern(text: string): Result<string> {
  if (!text.startsWith('CN=')) return fail('does not begin with CN=');
  if (/[\0-\x1f\x7f]/.test(text)) return fail('has a control character');
  const pattern = compileExactCasePattern(text);
  return pattern.ok ? ok(text) : pattern;
}
