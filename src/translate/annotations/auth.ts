// Authentication of users: basic and digest, and by an external service. None is supported yet, and all of them protect, so the
// routes of an Ingress that has one are refused.
import { notYet, refuse } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const authAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'auth-type', scope: 'location', risk: 'Low', without: refuse, summary: '`basic` or `digest` authentication.' }),
  notYet({ name: 'auth-secret', scope: 'location', risk: 'Medium', without: refuse, summary: 'Secret with the users.' }),
  notYet({ name: 'auth-secret-type', scope: 'location', risk: 'Low', without: refuse, summary: '`auth-file` or `auth-map`.' }),
  notYet({ name: 'auth-realm', scope: 'location', risk: 'Medium', without: refuse, summary: 'Realm of the challenge.' }),
  notYet({ name: 'auth-url', scope: 'location', risk: 'High', without: refuse, summary: 'Service that decides about each request.' }),
  notYet({ name: 'auth-method', scope: 'location', risk: 'Low', without: refuse, summary: 'Method of the request to `auth-url`.' }),
  notYet({ name: 'auth-signin', scope: 'location', risk: 'High', without: refuse, summary: 'Where a client is sent to sign in.' }),
  notYet({
    name: 'auth-signin-redirect-param',
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'Query parameter with the URL to come back to.',
  }),
  notYet({
    name: 'auth-response-headers',
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'Headers copied from the answer of `auth-url`.',
  }),
  notYet({
    name: 'auth-proxy-set-headers',
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'ConfigMap with headers for the request to `auth-url`.',
  }),
  notYet({ name: 'auth-request-redirect', scope: 'location', risk: 'Medium', without: refuse, summary: 'X-Auth-Request-Redirect.' }),
  notYet({
    name: 'auth-cache-key',
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'Key under which answers of `auth-url` are kept.',
  }),
  notYet({
    name: 'auth-cache-duration',
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'How long answers of `auth-url` are kept.',
  }),
  notYet({
    name: 'auth-always-set-cookie',
    scope: 'location',
    risk: 'Low',
    without: refuse,
    summary: 'Passes cookies of `auth-url` on with every status.',
  }),
  notYet({ name: 'auth-keepalive', scope: 'location', risk: 'Low', without: refuse, summary: 'Connections kept to `auth-url`.' }),
  notYet({
    name: 'auth-keepalive-share-vars',
    scope: 'location',
    risk: 'Low',
    without: refuse,
    summary: 'Shares variables with the request to `auth-url` in nginx.',
  }),
  notYet({
    name: 'auth-keepalive-requests',
    scope: 'location',
    risk: 'Low',
    without: refuse,
    summary: 'Requests for each connection to `auth-url`.',
  }),
  notYet({
    name: 'auth-keepalive-timeout',
    scope: 'location',
    risk: 'Low',
    without: refuse,
    summary: 'Idle time of connections to `auth-url`.',
  }),
  notYet({
    name: 'satisfy',
    scope: 'location',
    risk: 'Low',
    without: (text) => (text === 'any' || text === 'all' ? 'refuse' : 'serve'),
    summary: '`any`: passing the address list or authentication is enough.',
  }),
  notYet({ name: 'enable-global-auth', scope: 'location', risk: 'Low', summary: "Whether the ConfigMap's `global-auth-url` applies." }),
];
