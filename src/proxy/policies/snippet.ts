// Interprets what snippets of the host and of the route mean: steps in the rewrite stage, rules for headers and addresses.
import { parseCidrSet } from '../../kit/cidr.ts';
import { compileExactCasePattern, compileSearchPattern, type Pattern } from '../../kit/pattern.ts';
import type { Snippet, SnippetCondition, SnippetRule, SnippetStatuses, SnippetStep } from '../../model/policies/snippet.ts';
import { errorPage } from '../exchange/error-page.ts';
import { isSafeValue, type PolicyRequest } from '../exchange/policy-request.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict, type RequestPhase, type RequestPolicy, type ResponsePolicy, type RouteHooks } from './policy.ts';
import { compileTemplate, type ExpandTemplate, findReader } from './variables.ts';

const USUAL_STATUSES: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

/** The snippet of the host runs before its routes are looked at, that of the route behind redirects. */
export const compileSnippets: HookCompiler = ({ policies }, host): RouteHooks | undefined => {
  const hooks = [compileSnippet(host.snippet, 'host'), compileSnippet(policies.snippet, 'rewrite')].filter((part) => part !== undefined);
  if (hooks.length === 0) return undefined;
  return {
    request: hooks.flatMap((part) => part.request ?? []),
    response: hooks.flatMap((part) => part.response ?? []),
    readsFieldsLate: true,
  };
};

type RuleOf<Kind extends SnippetRule['kind']> = Extract<SnippetRule, { kind: Kind }>;
type Continuation = 'go-on' | 'end' | PolicyVerdict;
type CompiledStep = (request: PolicyRequest, active: CompiledRules[]) => Continuation;

function compileSnippet(snippet: Snippet | undefined, phase: RequestPhase): RouteHooks | undefined {
  if (snippet === undefined) return undefined;
  const run = compileSteps(snippet.steps);
  const always = new CompiledRules(snippet.rules);
  const noteKey = {};
  const activeOf = (request: PolicyRequest): readonly CompiledRules[] => {
    const active = request.notes.get(noteKey);
    return Array.isArray(active) ? active : [always];
  };
  const steps: RequestPolicy = {
    phase,
    onRequest(request) {
      const active: CompiledRules[] = [always];
      request.notes.set(noteKey, active);
      const outcome = run(request, active);
      return typeof outcome === 'string' ? CONTINUE : outcome;
    },
  };
  const access: RequestPolicy = {
    phase: 'access',
    onRequest: (request) => (activeOf(request).some((rules) => rules.isRefused(request.clientAddress)) ? REFUSED : CONTINUE),
  };
  const forward: RequestPolicy = {
    phase: 'forward',
    onRequest(request) {
      for (const rules of activeOf(request)) rules.editRequest(request);
      return CONTINUE;
    },
  };
  const response: ResponsePolicy = {
    onResponse(view) {
      for (const rules of activeOf(view.request)) for (const apply of rules.response) apply(view);
    },
  };
  return { request: [steps, access, forward], response: [response] };
}

const REFUSED: PolicyVerdict = { kind: 'refuse', code: 'PRT-ACCESS-1' };

function compileSteps(steps: readonly SnippetStep[]): CompiledStep {
  const compiled = steps.map(compileStep);
  return (request, active) => {
    for (const step of compiled) {
      const outcome = step(request, active);
      if (outcome !== 'go-on') return outcome;
    }
    return 'go-on';
  };
}

function compileStep(step: SnippetStep): CompiledStep {
  switch (step.kind) {
    case 'set': {
      const expand = compileTemplate(step.value);
      return (request) => {
        request.setVariable(step.name, expand(request));
        return 'go-on';
      };
    }
    case 'break':
      return () => 'end';
    case 'return':
      return compileReturn(step);
    case 'rewrite':
      return compileRewriteStep(step);
    case 'if': {
      const holds = compileCondition(step.condition);
      const run = compileSteps(step.steps);
      const rules = new CompiledRules(step.rules);
      return (request, active) => {
        if (!holds(request)) return 'go-on';
        active.push(rules);
        return run(request, active);
      };
    }
  }
}

function compileReturn({ status, location, body }: Extract<SnippetStep, { kind: 'return' }>): CompiledStep {
  const expandLocation = location === undefined ? undefined : compileTemplate(location);
  const expandBody = body === undefined ? undefined : compileTemplate(body);
  return (request) => {
    if (expandLocation !== undefined) return redirect(request, status, expandLocation(request));
    if (expandBody !== undefined) {
      const text = Buffer.from(expandBody(request), 'utf8').latin1Slice();
      return { kind: 'respond', status, lines: 'Content-Type: text/html\r\n', body: text };
    }
    return status >= 400 ? { kind: 'refuse', code: 'PRT-SNIPPET-1', status } : { kind: 'respond', status, lines: '', body: '' };
  };
}

/** A Location that cannot be sent is a fault of the request, whose variables it was made of. */
function redirect(request: PolicyRequest, status: number, location: string): PolicyVerdict {
  if (location === '' || !isSafeValue(location)) return { kind: 'refuse', code: 'PRT-REQ-5' };
  const { scheme } = request.forwarded;
  const url = location.startsWith('/') && !request.route.relativeRedirects ? `${scheme}://${request.hostName}${location}` : location;
  return { kind: 'respond', status, lines: `Content-Type: text/html\r\nLocation: ${url}\r\n`, body: errorPage(status) };
}

/** nginx's `rewrite`: the pattern is looked for in the normalised path, the replacement takes the place of the whole of it. */
function compileRewriteStep({ pattern, replacement, flag }: Extract<SnippetStep, { kind: 'rewrite' }>): CompiledStep {
  const compiled = compileExactCasePattern(pattern);
  if (!compiled.ok) return () => 'go-on';
  const readPath = findReader('uri');
  const expand = compileTemplate(replacement);
  return (request) => {
    const captures = compiled.value.capture(readPath(request));
    if (captures === undefined) return 'go-on';
    request.captures = captures;
    const target = withQuery(expand(request), request.query);
    if (flag === 301 || flag === 302) return redirect(request, flag, target);
    const isPath = target.startsWith('/');
    const encoded = encodeTarget(isPath ? target : `/${target}`);
    request.target = encoded;
    return flag === 'end' ? 'end' : 'go-on';
  };
}

/** The query of the request is appended, unless the replacement ends with `?`. */
function withQuery(replacement: string, query: string): string {
  if (replacement.endsWith('?')) return replacement.slice(0, -1);
  if (query === '') return replacement;
  return `${replacement}${replacement.includes('?') ? '&' : '?'}${query}`;
}

/** Bytes that may not stand in a request line are written as `%XX`; what is encoded stays so. */
function encodeTarget(target: string): string {
  return target.replaceAll(
    /[^\x21-\x7e]|["<>\\^`{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function compileCondition(condition: SnippetCondition): (request: PolicyRequest) => boolean {
  const read = findReader(condition.variable);
  switch (condition.kind) {
    case 'is-set':
      return (request) => {
        const value = read(request);
        return value !== '' && value !== '0';
      };
    case 'equals': {
      const expand = compileTemplate(condition.text);
      return (request) => (read(request) === expand(request)) !== condition.isNegated;
    }
    case 'matches': {
      const pattern = compilePattern(condition);
      return (request) => {
        const captures = pattern?.capture(read(request));
        if (captures !== undefined) request.captures = captures;
        return (captures !== undefined) !== condition.isNegated;
      };
    }
  }
}

/** Checked when it was translated. */
function compilePattern({ pattern, ignoresCase }: Extract<SnippetCondition, { kind: 'matches' }>): Pattern | undefined {
  const compiled = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(pattern);
  return compiled.ok ? compiled.value : undefined;
}

class CompiledRules {
  readonly response: readonly ResponsePolicy['onResponse'][];
  readonly #requestFields: readonly (readonly [name: string, expand: ExpandTemplate])[];
  readonly #access: readonly (readonly [isAllowed: boolean, matches: (address: string) => boolean])[];

  constructor(rules: readonly SnippetRule[]) {
    this.response = rules.flatMap(compileResponseRule);
    this.#requestFields = rules.flatMap((rule) => (rule.kind === 'set-request' ? [[rule.name, compileTemplate(rule.value)] as const] : []));
    this.#access = rules.flatMap((rule) => (rule.kind === 'access' ? [[rule.isAllowed, compileAddresses(rule)] as const] : []));
  }

  /** The first rule that matches decides; none: let in. */
  isRefused(address: string): boolean {
    const first = this.#access.find(([, matches]) => matches(address));
    return first !== undefined && !first[0];
  }

  editRequest(request: PolicyRequest): void {
    for (const [name, expand] of this.#requestFields) {
      if (name.toLowerCase() === 'host') request.upstreamHost = expand(request);
      else request.setRequestField(name, expand(request));
    }
  }
}

function compileAddresses({ addresses, isAllowed }: RuleOf<'access'>): (address: string) => boolean {
  if (addresses === 'all') return () => true;
  const set = parseCidrSet([addresses]);
  // It was checked before; what cannot be read lets nobody in.
  return set.ok ? (address) => set.value.contains(address) : () => !isAllowed;
}

function compileResponseRule(rule: SnippetRule): readonly ResponsePolicy['onResponse'][] {
  switch (rule.kind) {
    case 'set-response': {
      const { name, statuses } = rule;
      const names = new Set([name.toLowerCase()]);
      const expand = compileTemplate(rule.value);
      return [
        (view) => {
          if (!applies(statuses, view.status)) return;
          view.replace(names);
          const value = expand(view.request);
          if (value !== '') view.add(name, value);
        },
      ];
    }
    case 'add-response': {
      const { name, statuses } = rule;
      const expand = compileTemplate(rule.value);
      return [
        (view) => {
          const value = applies(statuses, view.status) ? expand(view.request) : '';
          if (value !== '') view.add(name, value);
        },
      ];
    }
    case 'clear-response':
      return [
        (view) => {
          if (applies(rule.statuses, view.status))
            view.replace(rule.isPrefix ? namesWithPrefix(view.head, rule.name) : new Set([rule.name]));
        },
      ];
    case 'hide-response':
      return [(view) => view.drop(rule.name)];
    case 'expires':
      return [(view) => setExpires(view, rule.time)];
    case 'set-request':
    case 'access':
      return [];
  }
}

type View = Parameters<ResponsePolicy['onResponse']>[0];

function applies(statuses: SnippetStatuses, status: number): boolean {
  if (statuses === 'all') return true;
  return statuses === 'usual' ? USUAL_STATUSES.has(status) : statuses.includes(status);
}

function namesWithPrefix(head: View['head'], prefix: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 0; i < (head?.fieldCount ?? 0); i++) {
    const name = head?.nameOf(i) ?? '';
    if (name.startsWith(prefix)) names.add(name);
  }
  return names;
}

const EXPIRES_NAMES: ReadonlySet<string> = new Set(['expires', 'cache-control']);

/** nginx: `ngx_http_set_expires`. */
function setExpires(view: View, time: RuleOf<'expires'>['time']): void {
  if (!USUAL_STATUSES.has(view.status)) return;
  view.replace(EXPIRES_NAMES);
  if (time === 'epoch') {
    view.add('Expires', 'Thu, 01 Jan 1970 00:00:01 GMT');
    view.add('Cache-Control', 'no-cache');
  } else if (time === 'max') {
    view.add('Expires', 'Thu, 31 Dec 2037 23:55:55 GMT');
    view.add('Cache-Control', 'max-age=315360000');
  } else {
    const nowMs = performance.timeOrigin + view.request.context.nowMs;
    view.add('Expires', new Date(nowMs + time * 1000).toUTCString());
    view.add('Cache-Control', time < 0 ? 'no-cache' : `max-age=${time}`);
  }
}
