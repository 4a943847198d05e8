// Keys that decide about annotations and about who may come in.
import { RISKS } from '../annotations/row.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { commaList, listMatching, oneOf, parseBool } from '../value-parsers.ts';
import { noEffect, supported } from './row.ts';
import type { ConfigDraft, ConfigRow } from './row.ts';

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

const annotations: readonly ConfigRow[] = [
  {
    key: 'annotations-risk-level',
    defaultText: 'High',
    status: { kind: 'supported', onInvalid: 'default', read: readRiskLevel },
    summary: 'An Ingress with a riskier annotation is ignored.',
  },
  supported({
    key: 'annotation-value-word-blocklist',
    defaultText: '',
    parse: parseWords,
    set: (draft, value) => {
      draft.routing.blockedWords = [...value];
    },
    summary: 'An Ingress with an annotation value that contains one of these words is ignored.',
  }),
  supported({
    key: 'strict-validate-path-type',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.strictPathTypes = value;
    },
    summary: 'Whether Exact and Prefix paths are restricted to letters, digits and `. _ - /`.',
  }),
  supported({
    key: 'allow-cross-namespace-resources',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.allowsCrossNamespace = value;
    },
    summary: 'Whether annotations may name Secrets and ConfigMaps of other namespaces.',
  }),
];

const headers: readonly ConfigRow[] = [
  supported({
    key: 'hide-headers',
    defaultText: '',
    parse: listMatching(HEADER_NAME, 'a header name'),
    set: (draft, value) => {
      draft.settings.hideHeaders = value.map((name) => name.toLowerCase());
    },
    summary: 'Response headers of backends that are not passed on.',
  }),
  supported({
    key: 'global-allowed-response-headers',
    defaultText: '',
    parse: listMatching(/^[A-Za-z0-9_-]{1,128}$/, 'a header name'),
    set: (draft, value) => {
      draft.routing.allowedResponseHeaders = [...value];
    },
    summary: 'Headers that annotation `custom-headers` may set, spelt as there.',
  }),
  supported({
    key: 'server-tokens',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.serverTokens = value;
    },
    summary: 'True: `Server: nginx` on every response; false: no Server header at all.',
    differs: 'with `true` the header is `nginx` without a version, since there is none',
  }),
  supported({
    key: 'allow-backend-server-header',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.allowBackendServerHeader = value;
    },
    summary: 'Passes the Server header of the backend on where `server-tokens` is true.',
  }),
  supported({
    key: 'enable-underscores-in-headers',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.underscoresInHeaders = value;
    },
    summary: 'Keeps request headers with an underscore in their name.',
  }),
  supported({
    key: 'portico-error-header',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.errorHeader = value;
    },
    summary: 'Whether errors of Portico carry their code in X-Portico-Error.',
  }),
  supported({
    key: 'portico-path-forwarding',
    defaultText: 'safe',
    parse: oneOf<'safe' | 'nginx'>(['safe', 'nginx']),
    set: (draft, value) => {
      draft.settings.pathForwarding = value;
    },
    summary: '`safe`: dot segments are removed before a path is sent on; `nginx`: sent on as received.',
  }),
];

export const policyKeys: readonly ConfigRow[] = [
  ...annotations,
  ...headers,
  supported({
    key: 'allow-snippet-annotations',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.allowsSnippets = value;
    },
    summary: 'Whether snippet annotations are interpreted; their risk, Critical, must be allowed too.',
  }),
  ...noEffect('a request with a malformed header is always refused with 400', [
    ['ignore-invalid-headers', 'true', 'Drops request headers with invalid names in nginx.'],
  ]),
];

/** Blank items would block every value. */
function parseWords(text: string): Result<readonly string[]> {
  const words = commaList(text);
  return words.length > 1000 ? fail('has more than 1000 words') : ok(words);
}

/** ingress-nginx takes an unknown level for the strictest one. */
function readRiskLevel(text: string, draft: ConfigDraft): string | undefined {
  const level = RISKS.find((risk) => risk === text);
  draft.routing.riskLevel = level ?? 'Low';
  return level === undefined ? `is not one of ${RISKS.join(', ')}; Low is used` : undefined;
}
