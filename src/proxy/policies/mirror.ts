// Copies of requests: each request of the route is also sent to another server, as the backend gets it, and the answer is thrown away. The
// client and its backend never wait: a copy whose body does not get away, or for which there is no room, is given up.
import { compileRetryRules } from '../exchange/retry-rules.ts';
import { RequestCopy } from '../exchange/request-copy.ts';
import { isVisibleText } from '../http1/safe-text.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type RouteHooks } from './policy.ts';
import { compileTemplate } from './variables.ts';

/** Copies under way for one route in one worker: a target that hangs leaves room for those of other routes. */
const MAX_ROUTE_COPIES = 250;

export const compileMirror: HookCompiler = ({ policies }, _host, deps): RouteHooks | undefined => {
  const { mirror } = policies;
  if (mirror === undefined) return undefined;
  const group = deps.findUpstream(mirror.upstream);
  const proxy = { ...deps.settings.proxy, ...policies.proxy, nextUpstream: [] };
  const retry = compileRetryRules(proxy);
  const expandTarget = compileTemplate(mirror.target);
  const expandHost = compileTemplate(mirror.host);
  let copies = 0;
  return {
    request: [
      {
        phase: 'mirror',
        onRequest(request) {
          const { bodies } = request.context;
          if (group.endpoints.length === 0) return CONTINUE;
          const expanded = expandTarget(request);
          const target =
            mirror.appendsQuery && request.query !== '' ? `${expanded}${expanded.includes('?') ? '&' : '?'}${request.query}` : expanded;
          const host = expandHost(request);
          if (!target.startsWith('/') || !isVisibleText(target) || !isVisibleText(host)) return CONTINUE;
          const onStart = (): boolean => {
            if (copies >= MAX_ROUTE_COPIES || !bodies.takeCopy()) return false;
            copies++;
            return true;
          };
          const onEnd = (): void => {
            copies--;
            bodies.giveCopy();
          };
          request.copy = new RequestCopy(request.context, { group, proxy, retry, target, host, hasBody: mirror.hasBody, onStart, onEnd });
          return CONTINUE;
        },
      },
    ],
  };
};
