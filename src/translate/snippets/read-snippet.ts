// From nginx directives to what a snippet means. The list of directives is short and closed: one that is not in it refuses the whole
// snippet, because half of a snippet may be worse than none. Nothing of a snippet is ever executed.
import { parseCidrSet } from '../../kit/cidr.ts';
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Snippet, SnippetCondition, SnippetRule, SnippetStatuses, SnippetStep } from '../../model/policies/snippet.ts';
import { parseTemplate } from '../../model/template.ts';
import { timeBetweenMs } from '../value-parsers.ts';
import { parseDirectives } from './parse-directives.ts';
import type { Directive } from './parse-directives.ts';

export interface SnippetProblem {
  /** Ends a sentence that starts with "the snippet". */
  readonly message: string;
  /** True: it may be there to keep somebody out, so that routes must not be served without it. */
  readonly isProtective: boolean;
}

export type SnippetReading = { readonly ok: true; readonly value: Snippet } | { readonly ok: false; readonly error: SnippetProblem };

/** Where the snippet stands: directives that nginx would not pass on from the server to its locations are refused there. */
export type SnippetPlace = 'location' | 'server';

/** Words of directives that keep somebody out. */
const PROTECTIVE =
  /\b(?:deny|allow|satisfy|auth_\w+|limit_\w+|return\s+4\d\d|valid_referers|secure_link\w*|modsecurity\w*|ssl_verify\w*|\w+_by_lua\w*|internal)\b/;
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_EXPIRES_MS = 100 * 365 * 86_400_000;
const parseExpires = timeBetweenMs(0, MAX_EXPIRES_MS);

/** What to use instead of directives that people are known to write. */
const ADVICE: Readonly<Record<string, string>> = {
  location: 'write a rule of its own',
  proxy_pass: 'write a rule with another backend',
  proxy_cookie_path: 'use the annotation proxy-cookie-path',
  proxy_cookie_domain: 'use the annotation proxy-cookie-domain',
  proxy_redirect: 'use the annotations proxy-redirect-from and proxy-redirect-to',
  proxy_read_timeout: 'use the annotation proxy-read-timeout',
  proxy_send_timeout: 'use the annotation proxy-send-timeout',
  proxy_connect_timeout: 'use the annotation proxy-connect-timeout',
  proxy_buffering: 'use the annotation proxy-buffering',
  proxy_buffer_size: 'use the annotation proxy-buffer-size',
  client_max_body_size: 'use the annotation proxy-body-size',
  proxy_ssl_name: 'use the annotation proxy-ssl-name',
  proxy_http_version: 'use the annotation proxy-http-version',
  auth_basic: 'use the annotations auth-type and auth-secret',
  auth_request: 'use the annotation auth-url',
  auth_request_set: 'use the annotation auth-response-headers',
  error_page: 'use the annotations custom-http-errors and default-backend',
  satisfy: 'use the annotation satisfy',
  limit_req: 'use the annotations limit-rps and limit-rpm',
  limit_conn: 'use the annotation limit-connections',
  limit_rate: 'use the annotation limit-rate',
  gzip: 'use the ConfigMap key use-gzip',
  access_log: 'use the annotation enable-access-log',
  modsecurity: 'use the annotation enable-modsecurity',
};

export function readSnippet(text: string, place: SnippetPlace): SnippetReading {
  const directives = parseDirectives(text);
  const snippet = directives.ok ? new SnippetReader(place, directives.value).read(directives.value) : directives;
  return snippet.ok ? snippet : fail({ message: snippet.error, isProtective: PROTECTIVE.test(text) });
}

interface Part {
  readonly steps: readonly SnippetStep[];
  readonly rules: readonly SnippetRule[];
}

class SnippetReader {
  readonly #place: SnippetPlace;
  /** Names of variables that the snippet sets itself. */
  readonly #ownNames: ReadonlySet<string>;

  constructor(place: SnippetPlace, directives: readonly Directive[]) {
    this.#place = place;
    this.#ownNames = new Set(namesSetIn(directives));
  }

  read(directives: readonly Directive[]): Result<Part> {
    const steps: SnippetStep[] = [];
    const rules: SnippetRule[] = [];
    for (const directive of directives) {
      const part = this.#readDirective(directive);
      if (!part.ok) return fail(`has ${directive.name} in line ${directive.line}, ${part.error}`);
      steps.push(...part.value.steps);
      rules.push(...part.value.rules);
    }
    return ok({ steps, rules });
  }

  #readDirective({ name, args, block }: Directive): Result<Part> {
    if (name === 'if') return this.#readIf(args, block);
    if (block !== undefined) return fail(notInterpreted(name));
    switch (name) {
      case 'set':
        return this.#readSet(args);
      case 'return':
        return this.#readReturn(args);
      case 'rewrite':
        return this.#readRewrite(args);
      case 'break':
        return args.length === 0 ? step({ kind: 'break' }) : fail('which takes no value');
      case 'add_header':
        return this.#readAddHeader(args);
      case 'more_set_headers':
        return this.#readMoreHeaders(args, (field) => this.#setResponse(field));
      case 'more_clear_headers':
        return this.#readMoreHeaders(args, (field) => clearResponse(field));
      case 'more_set_input_headers':
      case 'proxy_set_header':
      case 'more_clear_input_headers':
        return this.#readRequestHeader(name, args);
      case 'proxy_hide_header':
        return this.#readHide(args);
      case 'expires':
        return readExpires(args);
      case 'allow':
      case 'deny':
        return readAccess(name === 'allow', args);
      default:
        return fail(notInterpreted(name));
    }
  }

  #template(text: string): Result<string> {
    const template = parseTemplate(text, this.#ownNames);
    if (!template.ok) return fail(`whose value ${template.error}`);
    const [unknown] = template.value.unknownNames;
    return unknown === undefined ? ok(text) : fail(`which uses the unknown variable $${unknown}`);
  }

  #readIf(args: readonly string[], block: readonly Directive[] | undefined): Result<Part> {
    if (block === undefined) return fail('which has no block');
    const condition = this.#readCondition(args);
    if (!condition.ok) return condition;
    const part = this.read(block);
    if (!part.ok) return fail(`which ${part.error}`);
    return step({ kind: 'if', condition: condition.value, ...part.value });
  }

  /** `($var)`, `($var = text)`, `($var ~* pattern)`; words may stick to the parentheses. */
  #readCondition(args: readonly string[]): Result<SnippetCondition> {
    const words = [...args];
    if (words[0]?.startsWith('(') !== true || words.at(-1)?.endsWith(')') !== true) return fail('whose condition is not in parentheses');
    words[0] = words[0].slice(1);
    words[words.length - 1] = (words.at(-1) ?? '').slice(0, -1);
    const isBlank = (word: string | undefined): boolean => word === '';
    if (isBlank(words[0])) words.shift();
    if (words.length > 3 || (words.length === 2 && isBlank(words[1]))) words.pop();
    const [variableText = '', operator, text = '', ...rest] = words;
    const variable = /^\$\{?(\w+)\}?$/.exec(variableText)?.[1];
    if (variable === undefined || rest.length > 0) return fail('whose condition is no comparison of a variable; files cannot be looked at');
    const known = this.#template(`$${variable}`);
    if (!known.ok) return known;
    if (operator === undefined) return ok({ kind: 'is-set', variable });
    const isNegated = operator.startsWith('!');
    if (operator === '=' || operator === '!=') {
      const template = this.#template(text);
      return template.ok ? ok({ kind: 'equals', variable, text: template.value, isNegated }) : template;
    }
    if (!/^!?~\*?$/.test(operator)) return fail(`whose condition has the unknown operator ${operator}`);
    const ignoresCase = operator.endsWith('*');
    const pattern = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(text);
    return pattern.ok ? ok({ kind: 'matches', variable, pattern: text, ignoresCase, isNegated }) : fail(`whose pattern ${pattern.error}`);
  }

  #readSet([variable = '', value, ...rest]: readonly string[]): Result<Part> {
    const name = /^\$([A-Za-z_]\w{0,63})$/.exec(variable)?.[1];
    if (name === undefined || value === undefined || rest.length > 0) return fail('which needs a variable and a value');
    const template = this.#template(value);
    return template.ok ? step({ kind: 'set', name, value: template.value }) : template;
  }

  #readReturn([first = '', second, ...rest]: readonly string[]): Result<Part> {
    if (rest.length > 0) return fail('which has too many values');
    const isUrl = /^(?:https?:\/\/|\$scheme)/.test(first);
    const status = isUrl ? 302 : /^\d{3}$/.test(first) ? Number(first) : 0;
    if (status < 200 || status > 599 || status === 444 || status === 499) return fail('whose status is not between 200 and 599');
    const text = isUrl ? first : second;
    if (text === undefined) return REDIRECTS.has(status) ? fail('which needs a URL') : step({ kind: 'return', status });
    const template = this.#template(text);
    if (!template.ok) return template;
    return step(
      REDIRECTS.has(status) ? { kind: 'return', status, location: template.value } : { kind: 'return', status, body: template.value },
    );
  }

  #readRewrite([pattern = '', replacement, flag, ...rest]: readonly string[]): Result<Part> {
    if (replacement === undefined || rest.length > 0) return fail('which needs a pattern, a replacement and at most one flag');
    const compiled = compileExactCasePattern(pattern);
    if (!compiled.ok) return fail(`whose pattern ${compiled.error}`);
    const template = this.#template(replacement);
    if (!template.ok) return template;
    const isRedirect = /^(?:https?:\/\/|\$scheme)/.test(replacement);
    const flags = { last: 'end', break: 'end', redirect: 302, permanent: 301 } as const;
    if (flag !== undefined && !Object.hasOwn(flags, flag)) return fail(`whose flag ${flag} is unknown`);
    const meaning = flag === 'last' || flag === 'break' || flag === 'redirect' || flag === 'permanent' ? flags[flag] : 'go-on';
    const isFinal = meaning === 301 || meaning === 302;
    return step({ kind: 'rewrite', pattern, replacement: template.value, flag: isRedirect && !isFinal ? 302 : meaning });
  }

  #readAddHeader([name = '', value, always, ...rest]: readonly string[]): Result<Part> {
    if (value === undefined || rest.length > 0 || (always !== undefined && always !== 'always'))
      return fail('which needs a name, a value and at most "always"');
    if (!TOKEN.test(name)) return fail('whose name is no header name');
    const template = this.#template(value);
    if (!template.ok) return template;
    return rule({ kind: 'add-response', name, value: template.value, statuses: always === undefined ? 'usual' : 'all' });
  }

  /** `[-s '404 500'] 'Name: value' …`. */
  #readMoreHeaders(args: readonly string[], read: (field: string) => Result<HeaderChange>): Result<Part> {
    const rules: SnippetRule[] = [];
    let statuses: SnippetStatuses = 'all';
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] ?? '';
      if (arg === '-s') {
        statuses = (args[++i] ?? '')
          .split(/\s+/)
          .filter((word) => word !== '')
          .map(Number);
        if (statuses.length === 0 || !statuses.every((status) => status >= 100 && status <= 599))
          return fail('whose -s has no list of statuses');
      } else if (/^-[a-z]$/.test(arg)) {
        return fail(`whose option ${arg} is not interpreted`);
      } else {
        const field = read(arg);
        if (!field.ok) return field;
        rules.push({ ...field.value, statuses });
      }
    }
    return rules.length === 0 ? fail('which names no header') : ok({ steps: [], rules });
  }

  #setResponse(field: string): Result<HeaderChange> {
    const colon = field.indexOf(':');
    const name = (colon < 0 ? field : field.slice(0, colon)).trim();
    if (!TOKEN.test(name)) return fail('whose value is not of the form "Name: value"');
    const template = this.#template(colon < 0 ? '' : field.slice(colon + 1).trim());
    return template.ok ? ok({ kind: 'set-response', name, value: template.value }) : template;
  }

  #readRequestHeader(directive: string, args: readonly string[]): Result<Part> {
    if (this.#place === 'server' && directive === 'proxy_set_header') return fail('which nginx does not pass on from server to location');
    const fields: (readonly [name: string, value: string])[] =
      directive === 'proxy_set_header' ? (args.length === 2 ? [[args[0] ?? '', args[1] ?? '']] : []) : args.map(splitField);
    if (fields.length === 0) return fail('which needs a header and a value');
    const rules: SnippetRule[] = [];
    for (const [name, text] of fields) {
      if (!TOKEN.test(name) || name.startsWith('-')) return fail(`whose value ${JSON.stringify(name.slice(0, 80))} is no header name`);
      if (/^(?:connection|upgrade|content-length|transfer-encoding|te|trailer|keep-alive)$/i.test(name))
        return fail(`which sets ${name}; that belongs to the connection`);
      const template = this.#template(directive === 'more_clear_input_headers' ? '' : text);
      if (!template.ok) return template;
      rules.push({ kind: 'set-request', name, value: template.value });
    }
    return ok({ steps: [], rules });
  }

  #readHide([name = '', ...rest]: readonly string[]): Result<Part> {
    if (this.#place === 'server') return fail('which nginx does not pass on from server to location');
    return rest.length === 0 && TOKEN.test(name)
      ? rule({ kind: 'hide-response', name: name.toLowerCase() })
      : fail('which needs a header name');
  }
}

type HeaderChange =
  | Omit<Extract<SnippetRule, { kind: 'set-response' }>, 'statuses'>
  | Omit<Extract<SnippetRule, { kind: 'clear-response' }>, 'statuses'>;

function clearResponse(field: string): Result<HeaderChange> {
  const isPrefix = field.endsWith('*');
  const name = (isPrefix ? field.slice(0, -1) : field).trim();
  if (!TOKEN.test(name)) return fail('whose value is no header name');
  return ok({ kind: 'clear-response', name: name.toLowerCase(), isPrefix });
}

function readExpires([text = '', ...rest]: readonly string[]): Result<Part> {
  if (rest.length > 0) return fail('which has too many values');
  if (text === 'off') return ok({ steps: [], rules: [] });
  if (text === 'epoch' || text === 'max') return rule({ kind: 'expires', time: text });
  const isNegative = text.startsWith('-');
  const time = parseExpires(isNegative || text.startsWith('+') ? text.slice(1) : text);
  return time.ok
    ? rule({ kind: 'expires', time: (isNegative ? -1 : 1) * Math.floor(time.value / 1000) })
    : fail(`whose value ${time.error}`);
}

function readAccess(isAllowed: boolean, [addresses = '', ...rest]: readonly string[]): Result<Part> {
  if (rest.length > 0 || (addresses !== 'all' && !parseCidrSet([addresses]).ok))
    return fail('whose value is neither "all" nor an address or CIDR');
  return rule({ kind: 'access', isAllowed, addresses });
}

function splitField(text: string): readonly [name: string, value: string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text.trim(), ''] : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function* namesSetIn(directives: readonly Directive[]): Iterable<string> {
  for (const { name, args, block } of directives) {
    if (name === 'set') yield (args[0] ?? '').slice(1);
    if (block !== undefined) yield* namesSetIn(block);
  }
}

function notInterpreted(name: string): string {
  const advice = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined;
  return `which is not interpreted${advice === undefined ? '' : `: ${advice}`}`;
}

function step(value: SnippetStep): Result<Part> {
  return ok({ steps: [value], rules: [] });
}

function rule(value: SnippetRule): Result<Part> {
  return ok({ steps: [], rules: [value] });
}
