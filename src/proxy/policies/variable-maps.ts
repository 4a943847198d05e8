// Variables of `map` (ConfigMap key `http-snippet`): worked out when somebody asks, once for each request.
import { compileExactCasePattern, compileSearchPattern, type Pattern } from '../../kit/pattern.ts';
import type { SnippetMap } from '../../model/policies/snippet.ts';
import { MAX_MADE_CHARACTERS, type PolicyRequest } from '../exchange/policy-request.ts';
import { utf8Text } from '../out-buffer.ts';
import { compileUtf8Template, type ExpandTemplate } from './variables.ts';

interface CompiledMap {
  readonly source: ExpandTemplate;
  readonly defaultValue: ExpandTemplate;
  readonly texts: ReadonlyMap<string, ExpandTemplate>;
  readonly patterns: readonly { readonly pattern: Pattern; readonly value: ExpandTemplate }[];
}

export type ReadMappedVariable = (request: PolicyRequest, name: string) => string;

/** Undefined: there are none. */
export function compileVariableMaps(maps: readonly SnippetMap[] | undefined): ReadMappedVariable | undefined {
  if (maps === undefined || maps.length === 0) return undefined;
  const byName = new Map(maps.map((map) => [map.name, compileMap(map)]));
  return (request, name) => {
    const map = byName.get(name);
    if (map === undefined) return '';
    // One that asks for itself finds nothing.
    request.setVariable(name, '');
    const value = valueOf(map, request);
    // Maps that ask for each other can double it with each of them.
    if (value.length > MAX_MADE_CHARACTERS) return '';
    request.setVariable(name, value);
    return value;
  };
}

function compileMap({ source, defaultValue, texts, patterns }: SnippetMap): CompiledMap {
  return {
    source: compileUtf8Template(source),
    defaultValue: compileUtf8Template(defaultValue),
    // Of several entries for one text nginx refuses the second; here the first counts.
    texts: new Map(texts.toReversed().map(({ text, value }) => [utf8Text(text), compileUtf8Template(value)])),
    patterns: patterns.flatMap(({ pattern, ignoresCase, value }) => {
      const compiled = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(pattern);
      return compiled.ok ? [{ pattern: compiled.value, value: compileUtf8Template(value) }] : [];
    }),
  };
}

/** Texts first, in any case, then patterns in their order. */
function valueOf({ source, defaultValue, texts, patterns }: CompiledMap, request: PolicyRequest): string {
  const text = source(request);
  const own = texts.get(text.toLowerCase());
  if (own !== undefined) return own(request);
  for (const { pattern, value } of patterns) {
    const captures = pattern.capture(text);
    if (captures === undefined) continue;
    request.captures = captures;
    return value(request);
  }
  return defaultValue(request);
}
