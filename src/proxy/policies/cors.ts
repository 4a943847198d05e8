// CORS: every OPTIONS request of an allowed origin is answered here, before redirects and authentication, and the headers stand on every
// response, errors too, instead of the backend's (ingress-nginx reference 2.6).
import type { CorsPolicy } from '../../model/policies/cors.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict, type RouteHooks } from './policy.ts';

/** Fields of the backend that are dropped, even where the policy itself says nothing of one. */
const REPLACED: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
]);
const REPLACED_WITH_EXPOSED: ReadonlySet<string> = new Set([...REPLACED, 'access-control-expose-headers']);

export const compileCors: HookCompiler = ({ policies }): RouteHooks | undefined => {
  const { cors } = policies;
  if (cors === undefined) return undefined;
  const isAllowed = compileOrigins(cors.origins);
  const constantLines = linesOf(cors);
  const replaced = cors.exposedHeaders === '' ? REPLACED : REPLACED_WITH_EXPOSED;
  const preflight: PolicyVerdict = { kind: 'respond', status: 204, lines: 'Content-Type: text/plain charset=UTF-8\r\n', body: '' };
  /** Value of Access-Control-Allow-Origin; undefined: no header at all. */
  const originFor = (request: PolicyRequest): string | undefined => {
    if (cors.origins === 'any') return '*';
    const origin = request.fieldOf('origin');
    return origin !== undefined && isAllowed(origin.toLowerCase()) ? origin : undefined;
  };
  return {
    readsFieldsLate: cors.origins !== 'any',
    request: [
      {
        phase: 'preflight',
        onRequest: (request) => (request.method === 'OPTIONS' && originFor(request) !== undefined ? preflight : CONTINUE),
      },
    ],
    response: [
      {
        onResponse(response) {
          const origin = originFor(response.request);
          if (origin === undefined) return;
          response.dropAll(replaced);
          response.add('Access-Control-Allow-Origin', origin);
          response.addLines(constantLines);
        },
      },
    ],
  };
};

/** All lines but Allow-Origin. The values were checked by their parsers. */
function linesOf(cors: CorsPolicy): string {
  const credentials = cors.allowsCredentials ? 'Access-Control-Allow-Credentials: true\r\n' : '';
  const exposed = cors.exposedHeaders === '' ? '' : `Access-Control-Expose-Headers: ${cors.exposedHeaders}\r\n`;
  const allowed = `Access-Control-Allow-Methods: ${cors.methods}\r\nAccess-Control-Allow-Headers: ${cors.headers}\r\n`;
  return `${credentials}${allowed}${exposed}Access-Control-Max-Age: ${cors.maxAgeSeconds}\r\n`;
}

/** Tells whether a lower-case Origin is in the list. */
function compileOrigins(origins: CorsPolicy['origins']): (origin: string) => boolean {
  if (origins === 'any') return () => true;
  const exact = new Set(origins.flatMap((allowed) => (allowed.kind === 'exact' ? [allowed.origin] : [])));
  const oneLabel = origins.filter((allowed) => allowed.kind === 'one-label');
  return (origin) =>
    exact.has(origin) ||
    oneLabel.some(
      ({ before, after }) =>
        origin.startsWith(before) &&
        origin.endsWith(after) &&
        origin.length > before.length + after.length &&
        /^[a-z0-9-]+$/.test(origin.slice(before.length, origin.length - after.length)),
    );
}
