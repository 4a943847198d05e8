// Directives of nginx's rewrite module: they become steps, in their order.
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { SnippetCondition, SnippetStep } from '../../model/policies/snippet.ts';
import { isKnownVariable, parseTemplate } from '../../model/template.ts';
import type { Directive } from './parse-directives.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const URL_START = /^(?:https?:\/\/|\$scheme)/;

/** Undefined: the directive is of another family. `names`: variables that snippets set. Errors end a sentence on the directive. */
export function readRewriteDirective(
  name: string,
  args: readonly string[],
  names: ReadonlySet<string>,
): Result<readonly SnippetStep[]> | undefined {
  const step = readStep(name, args, names);
  return step === undefined || !step.ok ? step : ok([step.value]);
}

function readStep(name: string, args: readonly string[], names: ReadonlySet<string>): Result<SnippetStep> | undefined {
  switch (name) {
    case 'set':
      return readSet(args, names);
    case 'return':
      return readReturn(args, names);
    case 'rewrite':
      return readRewrite(args, names);
    case 'break':
      return args.length === 0 ? ok({ kind: 'break' }) : fail('which takes no value');
    default:
      return undefined;
  }
}

/** Text with variables, all of them known. */
export function readTemplate(text: string, names: ReadonlySet<string>): Result<string> {
  const template = parseTemplate(text, names);
  if (!template.ok) return fail(`whose value ${template.error}`);
  const [unknown] = template.value.unknownNames;
  return unknown === undefined ? ok(text) : fail(`which uses the unknown variable $${unknown}`);
}

function readSet([variable = '', value, ...rest]: readonly string[], names: ReadonlySet<string>): Result<SnippetStep> {
  const name = /^\$([A-Za-z_]\w{0,63})$/.exec(variable)?.[1];
  if (name === undefined || value === undefined || rest.length > 0) return fail('which needs a variable and a value');
  const template = readTemplate(value, names);
  if (!template.ok) return template;
  if (name === 'args') return ok({ kind: 'set-query', value });
  return isKnownVariable(name) ? fail(`which cannot change $${name}`) : ok({ kind: 'set', name, value });
}

function readReturn([first = '', second, ...rest]: readonly string[], names: ReadonlySet<string>): Result<SnippetStep> {
  if (rest.length > 0) return fail('which has too many values');
  const isUrl = second === undefined && URL_START.test(first);
  const status = isUrl ? 302 : /^\d{3}$/.test(first) ? Number(first) : 0;
  if (status === 444) return ok({ kind: 'close' });
  if (status < 200 || status > 599 || status === 499) return fail('whose status is not between 200 and 599');
  const text = isUrl ? first : second;
  if (text === undefined) return REDIRECTS.has(status) ? fail('which needs a URL') : ok({ kind: 'return', status });
  const template = readTemplate(text, names);
  if (!template.ok) return template;
  return ok(REDIRECTS.has(status) ? { kind: 'return', status, location: text } : { kind: 'return', status, body: text });
}

function readRewrite([pattern = '', text, word, ...rest]: readonly string[], names: ReadonlySet<string>): Result<SnippetStep> {
  if (text === undefined || rest.length > 0) return fail('which needs a pattern, a replacement and at most one flag');
  const compiled = compileExactCasePattern(pattern);
  if (!compiled.ok) return fail(`whose pattern ${compiled.error}`);
  if (word !== undefined && !Object.hasOwn(FLAGS, word)) return fail(`whose flag ${JSON.stringify(word.slice(0, 80))} is unknown`);
  const meaning = word === 'last' || word === 'break' || word === 'redirect' || word === 'permanent' ? FLAGS[word] : 'go-on';
  const flag = typeof meaning === 'string' && URL_START.test(text) ? 302 : meaning;
  const keepsQuery = !text.endsWith('?');
  const whole = keepsQuery ? text : text.slice(0, -1);
  const template = readTemplate(whole, names);
  if (!template.ok) return template;
  const mark = typeof flag === 'number' ? -1 : whole.indexOf('?');
  return ok({
    kind: 'rewrite',
    pattern,
    replacement: mark < 0 ? whole : whole.slice(0, mark),
    ...(mark >= 0 && { query: whole.slice(mark + 1) }),
    keepsQuery,
    flag,
  });
}

const FLAGS = { last: 'last', break: 'break', redirect: 302, permanent: 301 } as const;

/** `($var)`, `($var = text)`, `($var ~* pattern)`; words may stick to the parentheses. */
export function readCondition(args: readonly string[], names: ReadonlySet<string>): Result<SnippetCondition> {
  const words = wordsOf(args);
  if (words === undefined) return fail('whose condition is not in parentheses');
  const [variableText = '', operator, text = '', ...rest] = words;
  const variable = /^\$(?:\{(\w+)\}|(\w+))$/.exec(variableText);
  const name = variable?.[1] ?? variable?.[2];
  if (name === undefined || /^\d/.test(name) || rest.length > 0)
    return fail('whose condition is no comparison of a variable; files cannot be looked at');
  const known = readTemplate(`\${${name}}`, names);
  if (!known.ok) return known;
  if (operator === undefined) return ok({ kind: 'is-set', variable: name });
  const isNegated = operator.startsWith('!');
  if (operator === '=' || operator === '!=') {
    const template = readTemplate(text, names);
    return template.ok ? ok({ kind: 'equals', variable: name, text, isNegated }) : template;
  }
  if (!/^!?~\*?$/.test(operator)) return fail(`whose condition has the unknown operator ${JSON.stringify(operator.slice(0, 80))}`);
  const ignoresCase = operator.endsWith('*');
  const pattern = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(text);
  return pattern.ok
    ? ok({ kind: 'matches', variable: name, pattern: text, ignoresCase, isNegated })
    : fail(`whose pattern ${pattern.error}`);
}

/** What stands between the parentheses. */
function wordsOf(args: readonly string[]): readonly string[] | undefined {
  const words = [...args];
  if (words[0]?.startsWith('(') !== true || words.at(-1)?.endsWith(')') !== true) return undefined;
  words[0] = words[0].slice(1);
  words[words.length - 1] = (words.at(-1) ?? '').slice(0, -1);
  if (words[0] === '') words.shift();
  // A parenthesis that stands alone, behind quotation marks for instance.
  if (words.at(-1) === '' && (words.length === 2 || words.length > 3)) words.pop();
  return words;
}

/** Names of variables that the directives set, without those of nginx. */
export function* namesSetIn(directives: readonly Directive[]): Iterable<string> {
  for (const { name, args, block } of directives) {
    const variable = ((name === 'map' ? args[1] : args[0]) ?? '').slice(1);
    if ((name === 'set' || name === 'map') && !isKnownVariable(variable)) yield variable;
    if (block !== undefined) yield* namesSetIn(block);
  }
}
