// What the rules of snippets mean for one place of nginx's configuration: a location, or an `if` in it. Each place has what nginx would
// merge into it from the places around it: commands of headers-more add up from the outside in; `add_header`, `expires`, `proxy_hide_header`
// and `proxy_set_header` count at the innermost place that has any.
import type { ResponseFilter, SnippetExpiry, SnippetRule } from '../../model/policies/snippet.ts';
import { mediaTypeOf } from '../http1/media-type.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { ResponsePolicy, ResponseView } from './policy.ts';
import { compileUtf8Template, type ExpandTemplate } from './variables.ts';

type RuleOf<Kind extends SnippetRule['kind']> = Extract<SnippetRule, { kind: Kind }>;
type EditResponse = ResponsePolicy['onResponse'];
type EditRequest = (request: PolicyRequest) => void;

/** Statuses that `add_header` without `always` and `expires` are about. */
const USUAL_STATUSES: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);
/** `add_header` puts these in the place of what is there (nginx: `ngx_http_set_headers`). */
const SINGLE_FIELDS: ReadonlySet<string> = new Set(['last-modified', 'etag']);
const EXPIRES_NAMES: ReadonlySet<string> = new Set(['expires', 'cache-control']);
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

export interface SnippetLevel {
  /** `proxy_hide_header` and headers-more, which come before what `add_header` adds. */
  readonly early: readonly EditResponse[];
  /** `expires` and `add_header`. */
  readonly late: readonly EditResponse[];
  readonly request: readonly EditRequest[];
  readonly defaultType: string;
}

/** `places`: from the outermost to the place itself. */
export function compileLevel(places: readonly (readonly SnippetRule[])[]): SnippetLevel {
  const all = places.flat();
  return {
    early: [...innermost(places, 'hide-response').map(compileHide), ...all.flatMap(compileMore)],
    late: [...innermost(places, 'expires').slice(-1).map(compileExpires), ...innermost(places, 'add-response').map(compileAdd)],
    request: [...all.flatMap(compileInput), ...innermost(places, 'set-request').map(compileSet)],
    defaultType: innermost(places, 'default-type').at(-1)?.type ?? 'text/html',
  };
}

function innermost<Kind extends SnippetRule['kind']>(places: readonly (readonly SnippetRule[])[], kind: Kind): readonly RuleOf<Kind>[] {
  const isOfKind = (rule: SnippetRule): rule is RuleOf<Kind> => rule.kind === kind;
  return places.findLast((rules) => rules.some(isOfKind))?.filter(isOfKind) ?? [];
}

function compileHide({ name }: RuleOf<'hide-response'>): EditResponse {
  return (view) => {
    if (view.head !== undefined) view.drop(name);
  };
}

function compileMore(rule: SnippetRule): readonly EditResponse[] {
  if (rule.kind === 'clear-response') return [compileClear(rule)];
  if (rule.kind !== 'set-response') return [];
  const { name, when, isAppended = false } = rule;
  const names = new Set([name.toLowerCase()]);
  const expand = compileUtf8Template(rule.value);
  return [
    (view) => {
      if (!applies(when, view)) return;
      if (!isAppended) view.replace(names);
      const value = expand(view.request);
      if (value !== '') view.add(name, value);
    },
  ];
}

function compileClear({ name, isPrefix, when }: RuleOf<'clear-response'>): EditResponse {
  const names = new Set([name]);
  return (view) => {
    if (applies(when, view)) view.replace(isPrefix ? view.namesWithPrefix(name) : names);
  };
}

function applies({ statuses, contentTypes }: ResponseFilter, view: ResponseView): boolean {
  if (statuses !== undefined && !statuses.includes(view.status)) return false;
  if (contentTypes === undefined) return true;
  return contentTypes.includes(mediaTypeOf(view.head === undefined ? 'text/html' : view.head.valueOfName('content-type')));
}

function compileAdd({ name, value, isAlways }: RuleOf<'add-response'>): EditResponse {
  const lowerName = name.toLowerCase();
  const replaced = SINGLE_FIELDS.has(lowerName) ? new Set([lowerName]) : undefined;
  const expand = compileUtf8Template(value);
  return (view) => {
    if (!isAlways && !USUAL_STATUSES.has(view.status)) return;
    const expanded = expand(view.request);
    if (replaced !== undefined) view.replace(replaced);
    if (expanded !== '') view.add(name, expanded);
  };
}

/** nginx: `ngx_http_set_expires`. */
function compileExpires({ expiry }: RuleOf<'expires'>): EditResponse {
  return (view) => {
    if (expiry.kind === 'off' || !USUAL_STATUSES.has(view.status)) return;
    view.replace(EXPIRES_NAMES);
    const [expires, cacheControl] = expiryFields(expiry, view);
    view.add('Expires', expires);
    view.add('Cache-Control', cacheControl);
  };
}

function expiryFields(expiry: SnippetExpiry, view: ResponseView): readonly [expires: string, cacheControl: string] {
  if (expiry.kind === 'epoch') return ['Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache'];
  if (expiry.kind === 'max') return ['Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000'];
  const nowMs = Math.floor(view.request.epochMs / SECOND_MS) * SECOND_MS;
  const atMs = expiresAt(expiry, nowMs, view);
  const age = (atMs - nowMs) / SECOND_MS;
  const isPast = age < 0 || (expiry.kind !== 'off' && expiry.seconds < 0);
  return [new Date(atMs).toUTCString(), isPast ? 'no-cache' : `max-age=${age}`];
}

function expiresAt(expiry: Exclude<SnippetExpiry, { kind: 'epoch' | 'max' }>, nowMs: number, view: ResponseView): number {
  switch (expiry.kind) {
    case 'off':
      return nowMs;
    case 'from-now':
      return nowMs + expiry.seconds * SECOND_MS;
    case 'from-change': {
      const changedMs = Date.parse(view.head?.valueOfName('last-modified') ?? '');
      return (Number.isNaN(changedMs) || expiry.seconds === 0 ? nowMs : changedMs) + expiry.seconds * SECOND_MS;
    }
    case 'time-of-day': {
      const midnight = new Date(nowMs);
      midnight.setHours(0, 0, 0, 0);
      const todayMs = midnight.getTime() + expiry.seconds * SECOND_MS;
      return todayMs > nowMs ? todayMs : todayMs + DAY_MS;
    }
  }
}

function compileInput(rule: SnippetRule): readonly EditRequest[] {
  if (rule.kind === 'set-input') {
    const { name, onlyPresent, contentTypes } = rule;
    const lowerName = name.toLowerCase();
    const set = fieldSetter(name, compileUtf8Template(rule.value));
    return [
      (request) => {
        if (isOfType(request, contentTypes) && (!onlyPresent || request.fieldOf(lowerName) !== undefined)) set(request);
      },
    ];
  }
  if (rule.kind !== 'clear-input') return [];
  const { name, isPrefix, contentTypes } = rule;
  return [
    (request) => {
      if (!isOfType(request, contentTypes)) return;
      for (const cleared of isPrefix ? requestNamesWithPrefix(request, name) : [name]) request.setRequestField(cleared, '');
    },
  ];
}

function compileSet({ name, value }: RuleOf<'set-request'>): EditRequest {
  return fieldSetter(name, compileUtf8Template(value));
}

function fieldSetter(name: string, expand: ExpandTemplate): EditRequest {
  if (name.toLowerCase() !== 'host') return (request) => request.setRequestField(name, expand(request));
  return (request) => {
    const host = expand(request);
    // Variables bring in what the client has sent.
    if (host !== '' && isSafeValue(host) && !/[\s\x80-\xff]/.test(host)) request.upstreamHost = host;
  };
}

function isOfType(request: PolicyRequest, contentTypes: readonly string[] | undefined): boolean {
  return contentTypes === undefined || contentTypes.includes(mediaTypeOf(request.fieldOf('content-type')));
}

function requestNamesWithPrefix({ head }: PolicyRequest, prefix: string): readonly string[] {
  const names = new Set<string>();
  for (let i = 0; i < head.fieldCount; i++) {
    const name = head.nameOf(i);
    // Host and what frames the message are not the client's to lose.
    if (name.startsWith(prefix) && name !== 'host') names.add(name);
  }
  return [...names];
}
