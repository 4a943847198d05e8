// `map` of http-snippet: a variable whose value follows from that of a text.
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { SnippetMap } from '../../model/policies/snippet.ts';
import { isKnownVariable } from '../../model/template.ts';
import type { Directive } from './parse-directives.ts';
import { readTemplate } from './read-rewriting.ts';

type Entry = Result<Partial<Pick<SnippetMap, 'defaultValue'>> & { readonly text?: MapText; readonly pattern?: MapPattern }>;
type MapText = SnippetMap['texts'][number];
type MapPattern = SnippetMap['patterns'][number];

/** nginx: `ngx_http_map_module`. Errors end a sentence on the directive. */
export function readMap({ args, block }: Directive, names: ReadonlySet<string>): Result<SnippetMap> {
  const [source = '', variable = '', ...rest] = args;
  const name = /^\$([A-Za-z_]\w{0,63})$/.exec(variable)?.[1];
  if (block === undefined || name === undefined || rest.length > 0) return fail('which needs a text, a variable and a block');
  if (isKnownVariable(name)) return fail(`which cannot change $${name}`);
  const template = readTemplate(source, names);
  if (!template.ok) return template;
  const texts: MapText[] = [];
  const patterns: MapPattern[] = [];
  let defaultValue = '';
  for (const directive of block) {
    if (directive.name === 'volatile' && directive.args.length === 0) continue;
    const entry = readEntry(directive, names);
    if (!entry.ok) return fail(`which in line ${directive.line} ${entry.error}`);
    const { text, pattern } = entry.value;
    if (text !== undefined) texts.push(text);
    if (pattern !== undefined) patterns.push(pattern);
    defaultValue = entry.value.defaultValue ?? defaultValue;
  }
  return ok({ name, source, defaultValue, texts, patterns });
}

function readEntry({ name: key, args, block }: Directive, names: ReadonlySet<string>): Entry {
  const [value, ...rest] = args;
  if (block !== undefined || value === undefined || rest.length > 0) return fail('has something other than a text and a value');
  if (key === 'include') return fail('includes a file: write what it holds');
  const template = readTemplate(value, names);
  if (!template.ok) return fail(`has an entry ${template.error}`);
  if (key === 'default') return ok({ defaultValue: value });
  if (!key.startsWith('~')) return ok({ text: { text: key.replace(/^\\/, '').toLowerCase(), value } });
  const ignoresCase = key.startsWith('~*');
  const pattern = key.slice(ignoresCase ? 2 : 1);
  const compiled = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(pattern);
  return compiled.ok ? ok({ pattern: { pattern, ignoresCase, value } }) : fail(`has a pattern that ${compiled.error}`);
}
