// Directives about headers of requests and responses, and about addresses: they become rules.
import { parseCidrSet } from '../../kit/cidr.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { AddressRule, ResponseFilter, SnippetExpiry, SnippetRule } from '../../model/policies/snippet.ts';
import { timeBetweenMs } from '../value-parsers.ts';
import type { Directive } from './parse-directives.ts';
import { readTemplate } from './read-rewriting.ts';

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const CONTENT_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+*-]{1,64}$/;
/** Fields that belong to the connection or frame the message. */
const OF_CONNECTION = /^(?:connection|upgrade|content-length|transfer-encoding|te|trailer|keep-alive|proxy-connection)$/i;
const DAY_SECONDS = 86_400;
const parseExpires = timeBetweenMs(0, 100 * 365 * DAY_SECONDS * 1000);

type Rules = Result<readonly SnippetRule[]>;

/** Undefined: the directive is of another family. `names`: variables that snippets set. Errors end a sentence on the directive. */
export function readHeaderDirective({ name, args }: Directive, names: ReadonlySet<string>): Rules | undefined {
  switch (name) {
    case 'add_header':
      return readAddHeader(args, names);
    case 'more_set_headers':
      return readSetHeaders(args, names);
    case 'more_clear_headers':
      return readClearHeaders(args);
    case 'more_set_input_headers':
      return readSetInput(args, names);
    case 'more_clear_input_headers':
      return readClearInput(args);
    case 'proxy_set_header':
      return readProxySetHeader(args, names);
    case 'proxy_hide_header':
      return readHide(args);
    case 'expires':
      return readExpires(args);
    case 'default_type': {
      const [type = '', ...rest] = args;
      return rest.length === 0 && CONTENT_TYPE.test(type) ? ok([{ kind: 'default-type', type }]) : fail('which needs a media type');
    }
    default:
      return undefined;
  }
}

/** Undefined: neither `allow` nor `deny`. */
export function readAddresses(name: string, [addresses = '', ...rest]: readonly string[]): Result<readonly AddressRule[]> | undefined {
  if (name !== 'allow' && name !== 'deny') return undefined;
  if (addresses === 'unix:') return fail('whose value "unix:" means clients that there are not');
  if (rest.length > 0 || (addresses !== 'all' && !parseCidrSet([addresses]).ok))
    return fail('whose value is neither "all" nor an address or CIDR');
  return ok([{ isAllowed: name === 'allow', addresses }]);
}

function readAddHeader([name = '', value, always, ...rest]: readonly string[], names: ReadonlySet<string>): Rules {
  if (value === undefined || rest.length > 0 || (always !== undefined && always !== 'always'))
    return fail('which needs a name, a value and at most "always"');
  const problem = problemOfName(name);
  if (problem !== undefined) return fail(problem);
  const template = readTemplate(value, names);
  return template.ok ? ok([{ kind: 'add-response', name, value, isAlways: always === 'always' }]) : template;
}

function problemOfName(name: string): string | undefined {
  if (!TOKEN.test(name) || name.startsWith('-')) return `whose value ${JSON.stringify(name.slice(0, 80))} is no header name`;
  return OF_CONNECTION.test(name) ? `which sets ${name}; that belongs to the connection` : undefined;
}

interface MoreArguments {
  readonly fields: readonly string[];
  readonly when: ResponseFilter;
  /** Letters of options without a value. */
  readonly flags: ReadonlySet<string>;
}

/** `[-s '404 500'] [-t 'text/html'] field …`. `letters`: options that the directive has. */
function readMore(args: readonly string[], letters: string): Result<MoreArguments> {
  const fields: string[] = [];
  const flags = new Set<string>();
  let statuses: readonly number[] | undefined;
  let contentTypes: readonly string[] | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('-')) fields.push(arg);
    else if (arg.length !== 2 || !letters.includes(arg.charAt(1)))
      return fail(`whose option ${JSON.stringify(arg.slice(0, 80))} is not interpreted`);
    else if (arg === '-s') {
      statuses = [...(statuses ?? []), ...wordsOf(args[++i]).map(Number)];
      if (statuses.length === 0 || !statuses.every((status) => status >= 100 && status <= 599))
        return fail('whose -s has no list of statuses');
    } else if (arg === '-t') {
      contentTypes = [...(contentTypes ?? []), ...wordsOf(args[++i]).map((type) => type.toLowerCase())];
      if (contentTypes.length === 0 || !contentTypes.every((type) => CONTENT_TYPE.test(type)))
        return fail('whose -t has no list of media types');
    } else flags.add(arg.charAt(1));
  }
  if (fields.length === 0) return fail('which names no header');
  return ok({ fields, when: { ...(statuses !== undefined && { statuses }), ...(contentTypes !== undefined && { contentTypes }) }, flags });
}

function wordsOf(text = ''): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function readSetHeaders(args: readonly string[], names: ReadonlySet<string>): Rules {
  const more = readMore(args, 'sta');
  if (!more.ok) return more;
  const { fields, when, flags } = more.value;
  return collect(fields, (text) => {
    const field = readField(text, names);
    return field.ok ? ok({ kind: 'set-response', ...field.value, when, ...(flags.has('a') && { isAppended: true }) }) : field;
  });
}

/** `Name: value` with variables of these names. */
function readField(field: string, names: ReadonlySet<string>): Result<{ readonly name: string; readonly value: string }> {
  const [name, value] = splitField(field);
  const problem = problemOfName(name);
  if (problem !== undefined) return fail(problem);
  const template = readTemplate(value, names);
  return template.ok ? ok({ name, value }) : template;
}

function readClearHeaders(args: readonly string[]): Rules {
  const more = readMore(args, 'st');
  if (!more.ok) return more;
  const { fields, when } = more.value;
  return collect(fields, (field) => {
    const cleared = clearedName(field);
    return cleared.ok ? ok({ kind: 'clear-response', ...cleared.value, when }) : cleared;
  });
}

function readSetInput(args: readonly string[], names: ReadonlySet<string>): Rules {
  const more = readMore(args, 'tr');
  if (!more.ok) return more;
  const { fields, when, flags } = more.value;
  return collect(fields, (text) => {
    const field = readField(text, names);
    return field.ok ? ok({ kind: 'set-input', ...field.value, onlyPresent: flags.has('r'), ...typesOf(when) }) : field;
  });
}

function readClearInput(args: readonly string[]): Rules {
  const more = readMore(args, 't');
  if (!more.ok) return more;
  const { fields, when } = more.value;
  return collect(fields, (field) => {
    const cleared = clearedName(field);
    return cleared.ok ? ok({ kind: 'clear-input', ...cleared.value, ...typesOf(when) }) : cleared;
  });
}

function typesOf({ contentTypes }: ResponseFilter): { readonly contentTypes?: readonly string[] } {
  return contentTypes === undefined ? {} : { contentTypes };
}

/** `Name`, `Name: anything`, `Name-*`. */
function clearedName(field: string): Result<{ readonly name: string; readonly isPrefix: boolean }> {
  const [text] = splitField(field);
  const isPrefix = text.endsWith('*');
  const name = (isPrefix ? text.slice(0, -1) : text).toLowerCase();
  const problem = problemOfName(name);
  if (problem !== undefined) return fail(problem);
  return name.includes('*') ? fail('which has "*" before the end of a name') : ok({ name, isPrefix });
}

function readProxySetHeader([name = '', value, ...rest]: readonly string[], names: ReadonlySet<string>): Rules {
  if (value === undefined || rest.length > 0) return fail('which needs a header and a value');
  const problem = problemOfName(name);
  if (problem !== undefined) return fail(problem);
  const template = readTemplate(value, names);
  return template.ok ? ok([{ kind: 'set-request', name, value }]) : template;
}

function readHide([name = '', ...rest]: readonly string[]): Rules {
  const problem = rest.length > 0 ? 'which needs one header name' : problemOfName(name);
  return problem === undefined ? ok([{ kind: 'hide-response', name: name.toLowerCase() }]) : fail(problem);
}

/** nginx: `ngx_http_parse_expires`. */
function readExpires(args: readonly string[]): Rules {
  const isFromChange = args.length === 2 && args[0] === 'modified';
  if (args.length !== 1 && !isFromChange) return fail('which needs a time');
  const text = args.at(-1) ?? '';
  if (text.startsWith('$')) return fail('whose value is a variable; write "if" around several');
  const expiry = isFromChange ? readTime(text, 'from-change') : readExpiry(text);
  return expiry.ok ? ok([{ kind: 'expires', expiry: expiry.value }]) : expiry;
}

function readExpiry(text: string): Result<SnippetExpiry> {
  if (text === 'off' || text === 'epoch' || text === 'max') return ok({ kind: text });
  if (!text.startsWith('@')) return readTime(text, 'from-now');
  const time = parseExpires(text.slice(1));
  if (!time.ok) return fail(`whose value ${time.error}`);
  const seconds = Math.floor(time.value / 1000);
  return seconds <= DAY_SECONDS ? ok({ kind: 'time-of-day', seconds }) : fail('whose time of day is more than 24 hours');
}

function readTime(text: string, kind: 'from-now' | 'from-change'): Result<SnippetExpiry> {
  const sign = text.startsWith('-') ? -1 : 1;
  const time = parseExpires(text.replace(/^[+-]/, ''));
  return time.ok ? ok({ kind, seconds: sign * Math.floor(time.value / 1000) }) : fail(`whose value ${time.error}`);
}

function splitField(text: string): readonly [name: string, value: string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text.trim(), ''] : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function collect(fields: readonly string[], read: (field: string) => Result<SnippetRule>): Rules {
  const rules: SnippetRule[] = [];
  for (const field of fields) {
    const rule = read(field);
    if (!rule.ok) return rule;
    rules.push(rule.value);
  }
  return ok(rules);
}
