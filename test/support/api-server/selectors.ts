// Label and field selectors of lists and watches.
import { badRequest } from './api-status.ts';
import type { ApiObject } from './api-object.ts';
import { isJson } from './api-object.ts';

export type Selector = (object: ApiObject) => boolean;

/** Both together; undefined where neither is given. Throws for what is no selector. */
export function parseSelectors(labels: string | null, fields: string | null): Selector | undefined {
  const parts = [...splitTerms(labels ?? '').map(labelTerm), ...splitTerms(fields ?? '').map(fieldTerm)];
  return parts.length === 0 ? undefined : (object) => parts.every((part) => part(object));
}

/** At commas that are not within parentheses. */
function splitTerms(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function labelTerm(term: string): Selector {
  const set = /^([^\s!=]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (object) => {
      const value = object.metadata.labels?.[key];
      return operator === 'in' ? value !== undefined && values.has(value) : value === undefined || !values.has(value);
    };
  }
  const equality = /^([^\s!=]+)\s*(==?|!=)\s*([^\s!=]*)$/.exec(term);
  if (equality !== null) {
    const [, key = '', operator, wanted] = equality;
    return (object) => (object.metadata.labels?.[key] === wanted) === (operator !== '!=');
  }
  if (/^!?[^\s!=()]+$/.test(term)) {
    const isAbsent = term.startsWith('!');
    const key = isAbsent ? term.slice(1) : term;
    return (object) => Object.hasOwn(object.metadata.labels ?? {}, key) !== isAbsent;
  }
  throw badRequest(`unable to parse requirement: ${term}`);
}

function fieldTerm(term: string): Selector {
  const parsed = /^([\w.]+)\s*(==?|!=)\s*(.*)$/.exec(term);
  if (parsed === null) throw badRequest(`invalid selector: '${term}'`);
  const [, path = '', operator, wanted] = parsed;
  const keys = path.split('.');
  return (object) => {
    let value: unknown = object;
    for (const key of keys) value = isJson(value) ? value[key] : undefined;
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    return (text === wanted) === (operator !== '!=');
  };
}
