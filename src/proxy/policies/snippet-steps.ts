// Steps of a snippet: nginx's rewrite module (`ngx_http_rewrite_module`, `ngx_http_script`). They run in their order, in one go. What a
// `rewrite` or a condition captures is there for those behind it; one that does not match clears the captures of those before it.
import { compileExactCasePattern, compileSearchPattern, type Pattern } from '../../kit/pattern.ts';
import { percentEncode } from '../../kit/percent-encoding.ts';
import type { SnippetCondition, SnippetRewrite, SnippetRule, SnippetStep } from '../../model/policies/snippet.ts';
import { parseTemplate } from '../../model/template.ts';
import { pathBytes } from '../exchange/path-bytes.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import { MAX_MADE_CHARACTERS, type PolicyRequest } from '../exchange/policy-request.ts';
import { absoluteLocation, redirectAnswer } from '../exchange/redirects.ts';
import { mediaTypeOfPath } from './media-types.ts';
import type { PolicyAnswer } from './policy.ts';
import { compileLevel, type SnippetLevel } from './snippet-level.ts';
import { compileUtf8Template, findReader } from './variables.ts';

/** What the steps of one run have decided so far. */
export interface StepRun {
  /** The place whose rules count: the last `if` that was entered, or what is around it. */
  level: SnippetLevel;
  /** The path was changed, and the location is to be looked for again. */
  isPathChanged: boolean;
  /** As long as no `rewrite` has matched, nginx encodes captures in values of `set` and `if` (`ngx_http_script_engine_t.quote`). */
  encodesCaptures: boolean;
}

export function startRun(level: SnippetLevel): StepRun {
  return { level, isPathChanged: false, encodesCaptures: true };
}

/** `end`: no further step. */
export type StepOutcome = 'go-on' | 'end' | PolicyAnswer;

export type CompiledStep = (request: PolicyRequest, run: StepRun) => StepOutcome;

const REFUSED: PolicyAnswer = { kind: 'refuse', code: 'PRT-REQ-5' };
const CYCLE: PolicyAnswer = { kind: 'refuse', code: 'PRT-SNIPPET-2' };
const OVERGROWN: PolicyAnswer = { kind: 'refuse', code: 'PRT-SNIPPET-2' };
const CLOSE: PolicyAnswer = { kind: 'close' };
/** Statuses that nginx has an error page for. */
const PAGES = /^(?:40[0-6]|408|409|41[0-6]|421|429|50[0-57])$/;
const NO_CAPTURES: readonly undefined[] = [];

/** `places`: rules from the outermost place to the one in which the steps stand. */
export function compileSteps(steps: readonly SnippetStep[], places: readonly (readonly SnippetRule[])[]): CompiledStep {
  const compiled = steps.map((step) => compileStep(step, places));
  return (request, run) => {
    for (const step of compiled) {
      const outcome = step(request, run);
      if (outcome !== 'go-on') return outcome;
    }
    return 'go-on';
  };
}

function compileStep(step: SnippetStep, places: readonly (readonly SnippetRule[])[]): CompiledStep {
  switch (step.kind) {
    case 'set': {
      const { name } = step;
      const expand = compileValue(step.value);
      return (request, run) => {
        const value = expand(request, run);
        if (value.length > MAX_MADE_CHARACTERS) return OVERGROWN;
        request.setVariable(name, value);
        return 'go-on';
      };
    }
    case 'set-query': {
      const expand = compileValue(step.value);
      return (request, run) => (request.rewriteTo(pathBytes(request.path), expand(request, run)) ? 'go-on' : REFUSED);
    }
    case 'break':
      return (_request, run) => {
        run.isPathChanged = false;
        return 'end';
      };
    case 'close':
      return () => CLOSE;
    case 'return':
      return compileReturn(step);
    case 'rewrite':
      return compileRewrite(step);
    case 'if': {
      const holds = compileCondition(step.condition);
      const inner = [...places, step.rules];
      const level = compileLevel(inner);
      const steps = compileSteps(step.steps, inner);
      return (request, run) => {
        if (!holds(request, run)) return 'go-on';
        run.level = level;
        return steps(request, run);
      };
    }
  }
}

function compileReturn({ status, location, body }: Extract<SnippetStep, { kind: 'return' }>): CompiledStep {
  if (location !== undefined) {
    const expand = compileUtf8Template(location);
    return (request) => redirect(request, status, expand(request));
  }
  const expand = body === undefined ? undefined : compileUtf8Template(body);
  return (request, { level }) => {
    const text = expand?.(request) ?? '';
    if (text === '' && status >= 400)
      return PAGES.test(String(status))
        ? { kind: 'refuse', code: 'PRT-SNIPPET-1', status }
        : { kind: 'respond', status, lines: '', body: '' };
    const isBodyless = status === 204 || status === 304;
    const lines = isBodyless ? '' : `Content-Type: ${mediaTypeOfPath(request.path) ?? level.defaultType}\r\n`;
    return { kind: 'respond', status, lines, body: isBodyless ? '' : text };
  };
}

/** A Location that cannot be sent is a fault of the request, whose variables it was made of. */
function redirect(request: PolicyRequest, status: number, location: string): PolicyAnswer {
  if (location === '' || !isSafeValue(location)) return REFUSED;
  const url = location.startsWith('/') ? absoluteLocation(location, request) : location;
  return redirectAnswer(status, url);
}

function compileRewrite(rewrite: SnippetRewrite): CompiledStep {
  const { flag, keepsQuery } = rewrite;
  const pattern = compileExactCasePattern(rewrite.pattern);
  // Checked when it was translated.
  if (!pattern.ok) return () => REFUSED;
  const change = typeof flag === 'number' ? compileRedirect(rewrite, flag) : compileChange(rewrite);
  return (request, run) => {
    const captures = pattern.value.capture(pathBytes(request.path));
    request.captures = captures ?? NO_CAPTURES;
    if (captures === undefined) return 'go-on';
    const answer = change(request, keepsQuery ? request.query : '');
    if (answer !== undefined) return answer;
    run.isPathChanged = flag !== 'break';
    run.encodesCaptures = false;
    return flag === 'go-on' ? 'go-on' : 'end';
  };
}

type ChangeRequest = (request: PolicyRequest, keptQuery: string) => PolicyAnswer | undefined;

function compileRedirect({ replacement }: SnippetRewrite, status: number): ChangeRequest {
  const expand = compileUtf8Template(replacement, escapedCapture);
  const template = parseTemplate(replacement);
  const hasQuery = template.ok && template.value.parts.some((part) => part.kind === 'text' && part.text.includes('?'));
  return (request, keptQuery) => {
    const url = unescapeRedirect(expand(request));
    return redirect(request, status, keptQuery === '' ? url : `${url}${hasQuery ? '&' : '?'}${keptQuery}`);
  };
}

function compileChange({ replacement, query, keepsQuery }: SnippetRewrite): ChangeRequest {
  const expand = compileUtf8Template(replacement);
  const expandQuery = query === undefined ? undefined : compileUtf8Template(query, escapedCapture);
  return (request, keptQuery) => {
    const path = expand(request);
    if (path === '') return CYCLE;
    const own = expandQuery?.(request);
    const joined = own === undefined ? (keepsQuery ? request.query : '') : keptQuery === '' ? own : `${own}&${keptQuery}`;
    return request.rewriteTo(path, joined) ? undefined : REFUSED;
  };
}

/** In redirects and queries nginx encodes captures again where the path came encoded (`ngx_http_script_copy_capture_code`). */
function escapedCapture(request: PolicyRequest, group: number): string {
  const capture = request.captures[group] ?? '';
  if (!/^[^?]*[%+]/.test(request.entry.target)) return capture;
  return capture.replaceAll(/[\0-\x20#%&+;?\x7f-\xff]/g, (character) => percentEncode(character.charCodeAt(0)));
}

/** `ngx_unescape_uri` with NGX_UNESCAPE_REDIRECT: printable characters above `%`, up to the query. */
function unescapeRedirect(url: string): string {
  let result = '';
  for (let at = 0; at < url.length; at++) {
    const code = url[at] === '%' && /^[0-9a-f]{2}$/i.test(url.slice(at + 1, at + 3)) ? Number.parseInt(url.slice(at + 1, at + 3), 16) : -1;
    const isDecoded = code > 0x25 && code < 0x7f;
    result += isDecoded ? String.fromCharCode(code) : url.charAt(at);
    if (isDecoded) at += 2;
    if (result.endsWith('?')) return result + url.slice(at + 1);
  }
  return result;
}

type ReadValue = (request: PolicyRequest, run: StepRun) => string;

function compileValue(text: string): ReadValue {
  const plain = compileUtf8Template(text);
  const encoded = compileUtf8Template(text, escapedCapture);
  return (request, { encodesCaptures }) => (encodesCaptures ? encoded : plain)(request);
}

function compileCondition(condition: SnippetCondition): (request: PolicyRequest, run: StepRun) => boolean {
  const read = findReader(condition.variable);
  switch (condition.kind) {
    case 'is-set':
      return (request) => {
        const value = read(request);
        return value !== '' && value !== '0';
      };
    case 'equals': {
      const expand = compileValue(condition.text);
      return (request, run) => (read(request) === expand(request, run)) !== condition.isNegated;
    }
    case 'matches': {
      const pattern = compilePattern(condition);
      return (request) => {
        const captures = pattern?.capture(read(request));
        request.captures = captures ?? NO_CAPTURES;
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
