// Fields that are set on every response of a route: annotation `custom-headers`, and `add-headers` as far as values have variables
// (constant ones are in the prebuilt fields of the worker).
import type { HeaderField } from '../../model/policies/header-fields.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import { utf8Text } from '../out-buffer.ts';
import type { HookCompiler } from './compile-hooks.ts';
import type { ResponsePolicy, RouteHooks } from './policy.ts';
import { compileTemplate, type ExpandTemplate } from './variables.ts';

export const compileResponseFieldPolicies: HookCompiler = ({ policies }, _host, { settings }): RouteHooks | undefined => {
  const own = policies.responseHeaders ?? [];
  const ownNames = new Set(own.map(({ name }) => name.toLowerCase()));
  const global = settings.addHeaders.filter(({ name, value }) => value.kind === 'template' && !ownNames.has(name.toLowerCase()));
  const fields = [...global, ...own];
  if (fields.length === 0) return undefined;
  return { response: [compile(fields)], ...(fields.some(({ value }) => value.kind === 'template') && { lateFields: 'all' }) };
};

function compile(fields: readonly HeaderField[]): ResponsePolicy {
  const names = new Set(fields.map(({ name }) => name.toLowerCase()));
  let constantLines = '';
  const templates: (readonly [name: string, expand: ExpandTemplate])[] = [];
  for (const { name, value } of fields) {
    const text = utf8Text(value.text);
    if (value.kind === 'template') templates.push([name, compileTemplate(text)]);
    else if (text !== '' && isSafeValue(text)) constantLines += `${name}: ${text}\r\n`;
  }
  return {
    onResponse(response) {
      response.dropAll(names);
      response.addLines(constantLines);
      for (const [name, expand] of templates) {
        const value = expand(response.request);
        if (value !== '') response.add(name, value);
      }
    },
  };
}
