// Looks for text that was made for nginx's configuration in fields that have no place for it (`--deep-inspect`, ingress-nginx reference 6.3).
// None of it could do harm here; an object that carries it is refused all the same, for whoever wrote it meant harm.
import type { Ingress } from '../../resources/objects.ts';
import { itemPath } from '../../resources/field-path.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';

const FORBIDDEN: readonly (readonly [sign: RegExp, name: string])[] = [
  [/alias[^;]*;/, 'an alias directive'],
  [/root[^;]*;/, 'a root directive'],
  [/\/etc\/(?:passwd|shadow|group|nginx|ingress-controller)/, 'the path of a system file'],
  [/\/var\/run\/secrets/, 'the path of mounted Secrets'],
  [/_by_lua/, 'a Lua directive'],
];

/** The first field with such text; undefined: there is none. */
export function inspectIngress(ingress: Ingress): Finding | undefined {
  for (const [field, text] of inspectedFields(ingress)) {
    const found = FORBIDDEN.find(([sign]) => sign.test(text));
    if (found !== undefined) return finding('PRT-ANN-7', `the value contains ${found[1]}: the Ingress is ignored`, ingress, field);
  }
  return undefined;
}

function* inspectedFields({ spec }: Ingress): Iterable<readonly [field: string, text: string]> {
  for (const [ruleIndex, rule] of spec.rules.entries()) {
    const field = itemPath('spec.rules', ruleIndex);
    yield [`${field}.host`, rule.host];
    for (const [pathIndex, { path }] of (rule.paths ?? []).entries()) yield [`${itemPath(`${field}.http.paths`, pathIndex)}.path`, path];
  }
  for (const [index, { hosts, secretName }] of spec.tls.entries()) {
    const field = itemPath('spec.tls', index);
    for (const [hostIndex, host] of hosts.entries()) yield [itemPath(`${field}.hosts`, hostIndex), host];
    yield [`${field}.secretName`, secretName];
  }
}
