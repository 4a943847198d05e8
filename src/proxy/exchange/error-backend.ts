// The request that a default backend gets when it answers in place of an error (ingress-nginx reference 2.14): method, query, fields and
// body of the client's request as it was sent upstream, path `/`, the host that the client asked for, and fields that tell what happened.
import type { RouteLabels } from '../../model/route.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';

/** `custom-http-errors` of one route, compiled. */
export interface ErrorBackend {
  readonly statuses: ReadonlySet<number>;
  /** In order of preference. */
  readonly groups: readonly UpstreamGroup[];
  readonly passesBackendErrors: boolean;
}

export interface ErrorCause {
  readonly status: number;
  /** The client's target as received. */
  readonly originalTarget: string;
  readonly labels: RouteLabels;
  /** As the client asked for it, whatever `upstream-vhost` says. */
  readonly host: string;
  /** False: the body could not be kept, and the request goes without one. */
  readonly hasBody: boolean;
}

/** Set anew, so that a client cannot set them; hop-by-hop fields of an upgrade, which an error page does not do. */
const REPLACED = new Set([
  'host',
  'x-code',
  'x-format',
  'x-original-uri',
  'x-namespace',
  'x-ingress-name',
  'x-service-name',
  'x-service-port',
  'upgrade',
  'connection',
]);
const FRAMING = new Set(['content-length', 'transfer-encoding']);

export function findErrorGroup(backend: ErrorBackend): UpstreamGroup | undefined {
  return backend.groups.find((group) => group.endpoints.length > 0);
}

/** `sentHead`: the whole head of the request as it was or would have been sent, with its empty line. Every byte a character. */
export function errorRequestHead(sentHead: string, cause: ErrorCause): string {
  const [requestLine = '', ...fieldLines] = sentHead.slice(0, -'\r\n\r\n'.length).split('\r\n');
  const [method = '', target = '', version = ''] = requestLine.split(' ');
  const query = target.indexOf('?');
  let accept = '';
  let kept = '';
  for (const line of fieldLines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    if (name === 'accept' && accept === '') accept = line.slice('accept:'.length).trim();
    if (REPLACED.has(name) || (!cause.hasBody && FRAMING.has(name))) continue;
    kept += `${line}\r\n`;
  }
  const { labels } = cause;
  const told = [
    field('X-Code', String(cause.status)),
    field('X-Format', accept),
    field('X-Original-URI', cause.originalTarget),
    field('X-Namespace', labels.namespace),
    field('X-Ingress-Name', labels.ingress),
    field('X-Service-Name', labels.service),
    field('X-Service-Port', labels.servicePort),
  ];
  const needsLength = !cause.hasBody && (method === 'POST' || method === 'PUT' || method === 'PATCH');
  return `${method} /${query < 0 ? '' : target.slice(query)} ${version}\r\nHost: ${cause.host}\r\n${kept}${told.join('')}${needsLength ? 'Content-Length: 0\r\n' : ''}\r\n`;
}

function field(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}
