// Annotations of the redirect to HTTPS and of the form of redirects that Portico makes by itself.
import { parseBool } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const tlsRedirectAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'ssl-redirect',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.sslRedirect = value;
    },
    summary:
      'Redirects plain HTTP to HTTPS where the host, or the wildcard host above it, has a TLS section; default: ConfigMap `ssl-redirect`.',
  }),
  supported({
    name: 'force-ssl-redirect',
    scope: 'location',
    risk: 'Medium',
    parse: parseBool,
    set: (draft, value) => {
      draft.forceSslRedirect = value;
    },
    summary: 'Redirects plain HTTP to HTTPS even where no TLS section names the host.',
  }),
  supported({
    name: 'preserve-trailing-slash',
    scope: 'location',
    risk: 'Medium',
    parse: parseBool,
    set: (draft, value) => {
      draft.preserveTrailingSlash = value;
    },
    summary: 'Keeps a trailing slash of the request target in the redirect to HTTPS, which is cut otherwise.',
  }),
  supported({
    name: 'use-port-in-redirects',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.portInRedirects = value;
    },
    summary: 'Writes the HTTPS port into the redirect to HTTPS, and the listening port into other redirects of Portico.',
  }),
  supported({
    name: 'relative-redirects',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseBool,
    set: (draft, value) => {
      draft.relativeRedirects = value;
    },
    summary: 'Redirects that Portico makes by itself have a relative Location.',
  }),
];
