// Rewrites cookies and redirects of backends: nginx's `proxy_cookie_domain`, `proxy_cookie_path` and `proxy_redirect` with literal text.
import type { CookieRewrite, Replacement } from '../../model/policies/response-rewrite.ts';
import type { HookCompiler } from './compile-hooks.ts';
import type { ResponsePolicy, ResponseView, RouteHooks } from './policy.ts';

export const compileResponseRewrites: HookCompiler = ({ policies }): RouteHooks | undefined => {
  const { cookieRewrite, redirectRewrite } = policies;
  const response: ResponsePolicy[] = [];
  if (cookieRewrite !== undefined) response.push({ onResponse: (view) => rewriteCookies(view, cookieRewrite) });
  if (redirectRewrite !== undefined) response.push({ onResponse: (view) => rewriteRedirects(view, redirectRewrite) });
  return response.length === 0 ? undefined : { response };
};

function rewriteCookies(view: ResponseView, rewrite: CookieRewrite): void {
  const lines = view.head?.valuesOfName('set-cookie') ?? [];
  const rewritten = lines.map((line) => rewriteCookie(line, rewrite));
  if (rewritten.every((line, index) => line === lines[index])) return;
  view.drop('set-cookie');
  for (const line of rewritten) view.add('Set-Cookie', line);
}

/** One Set-Cookie value with its Domain and Path rewritten; everything else stays as it is, byte for byte. */
export function rewriteCookie(line: string, { domain, path }: CookieRewrite): string {
  const [pair = '', ...attributes] = line.split(';');
  const rewritten = attributes.map((attribute) => {
    const match = /^(\s*)(domain|path)(\s*=\s*)(.*)$/i.exec(attribute);
    const [, before = '', name = '', equals = '', rest = ''] = match ?? [];
    if (match === null) return attribute;
    const value = rest.trimEnd();
    const after = rest.slice(value.length);
    const replaced = name.toLowerCase() === 'domain' ? replaceDomain(value, domain) : replacePrefix(value, path);
    return replaced === undefined ? attribute : `${before}${name}${equals}${replaced}${after}`;
  });
  return [pair, ...rewritten].join(';');
}

function replaceDomain(value: string, rule: Replacement | undefined): string | undefined {
  const isMeant = rule !== undefined && withoutDot(value).toLowerCase() === withoutDot(rule.from).toLowerCase();
  return isMeant ? withoutDot(rule.to) : undefined;
}

function withoutDot(domain: string): string {
  return domain.startsWith('.') ? domain.slice(1) : domain;
}

function replacePrefix(value: string, rule: Replacement | undefined): string | undefined {
  return rule !== undefined && value.startsWith(rule.from) ? rule.to + value.slice(rule.from.length) : undefined;
}

function rewriteRedirects(view: ResponseView, rule: Replacement): void {
  const [location] = view.head?.valuesOfName('location') ?? [];
  const newLocation = location === undefined ? undefined : replacePrefix(location, rule);
  if (newLocation !== undefined) {
    view.drop('location');
    view.add('Location', newLocation);
  }
  const [refresh] = view.head?.valuesOfName('refresh') ?? [];
  const newRefresh = refresh === undefined ? undefined : rewriteRefresh(refresh, rule);
  if (newRefresh !== undefined) {
    view.drop('refresh');
    view.add('Refresh', newRefresh);
  }
}

/** `5; url=http://…`. */
function rewriteRefresh(value: string, rule: Replacement): string | undefined {
  const [start] = /^.*?url\s*=\s*/i.exec(value) ?? [];
  if (start === undefined) return undefined;
  const url = replacePrefix(value.slice(start.length), rule);
  return url === undefined ? undefined : start + url;
}
