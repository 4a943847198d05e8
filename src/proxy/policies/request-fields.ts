// Fields that are set on every request towards a backend: ConfigMap key `proxy-set-headers`. They replace those of the client and those
// that Portico sets itself; an empty value leaves the field out (nginx: `proxy_set_header`). And Host where `upstream-vhost` has variables.
import { isVisibleText } from '../http1/safe-text.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type RouteHooks } from './policy.ts';
import { compileUtf8Template } from './variables.ts';

export const compileRequestFieldPolicies: HookCompiler = ({ policies }, _host, { settings }): RouteHooks | undefined => {
  const fields = settings.proxySetHeaders.map(({ name, value }) => ({ name, expand: compileUtf8Template(value.text) }));
  const { upstreamHost } = policies;
  if (upstreamHost?.includes('$') === true) fields.unshift({ name: 'Host', expand: compileUtf8Template(upstreamHost) });
  if (fields.length === 0) return undefined;
  return {
    request: [
      {
        phase: 'forward',
        onRequest(request) {
          for (const { name, expand } of fields) {
            const value = expand(request);
            if (name.toLowerCase() !== 'host') request.setRequestField(name, value);
            else if (isVisibleText(value)) request.upstreamHost = value;
          }
          return CONTINUE;
        },
      },
    ],
  };
};
