// Copies of requests to another server.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { oneOf, parseKnownTemplate } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

export interface MirrorUrl {
  readonly scheme: 'http' | 'https';
  /** Name or address in lower case. */
  readonly host: string;
  readonly port: number;
  /** Path and query; text with nginx variables. */
  readonly target: string;
}

/** What the annotations say; a missing member was not set. */
export interface MirrorDraft {
  url?: MirrorUrl;
  host?: string;
  hasBody?: boolean;
}

const URL_CHARACTERS = /^[\x21-\x7e]{1,2048}$/;
const HOST = /^[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?$/i;

export const mirrorAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'mirror-target',
    scope: 'location',
    risk: 'High',
    parse: parseMirrorUrl,
    set: (draft, value) => {
      mirrorOf(draft).url = value;
    },
    summary: 'URL that gets a copy of each request as the backend gets it; path and query may use nginx variables.',
    differs: 'a slow or failing target never slows the client: a copy that does not get away is given up',
  }),
  supported({
    name: 'mirror-request-body',
    scope: 'location',
    risk: 'Low',
    parse: oneOf<'on' | 'off'>(['on', 'off']),
    set: (draft, value) => {
      mirrorOf(draft).hasBody = value === 'on';
    },
    summary: 'Whether the copy has the body.',
  }),
  supported({
    name: 'mirror-host',
    scope: 'location',
    risk: 'High',
    parse: parseMirrorHost,
    set: (draft, value) => {
      mirrorOf(draft).host = value;
    },
    summary: 'Host header of the copy; the host of `mirror-target` otherwise.',
  }),
];

function mirrorOf(draft: AnnotationDraft): MirrorDraft {
  draft.mirror ??= {};
  return draft.mirror;
}

function parseMirrorUrl(text: string): Result<MirrorUrl> {
  if (!URL_CHARACTERS.test(text)) return fail('has a character that no URL may have, or is too long');
  const match = /^(https?):\/\/([^/?:$]+)(?::(\d{1,5}))?([/?$].*)?$/i.exec(text);
  if (match === null) return fail('is not a URL such as "http://shadow.example/path" with a host that is no variable');
  const [, schemeText = '', host = '', portText, rest = '/'] = match;
  if (!HOST.test(host) || host.includes('..')) return fail('has a host that is no name and no address');
  const scheme = schemeText.toLowerCase() === 'https' ? 'https' : 'http';
  const port = portText === undefined ? (scheme === 'https' ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65535) return fail('has a port that is not between 1 and 65535');
  const target = parseKnownTemplate(rest.startsWith('?') ? `/${rest}` : rest);
  return target.ok ? ok({ scheme, host: host.toLowerCase(), port, target: target.value }) : target;
}

function parseMirrorHost(text: string): Result<string> {
  return /^[A-Za-z0-9._:${}-]{1,253}$/.test(text) ? parseKnownTemplate(text) : fail('is no host');
}
