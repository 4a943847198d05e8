// Which content codings a client accepts (RFC 9110 12.5.3).
import { CONTENT_CODINGS, type ContentCoding } from '../../model/policies/compression.ts';

/** Longer than what anybody means: 32 KB of commas took ten milliseconds. */
const MAX_FIELD_CHARACTERS = 1000;

/** Codings that the field allows, the preferred one first; equal ones in our order. */
export function acceptedCodings(field: string): readonly ContentCoding[] {
  if (field.length > MAX_FIELD_CHARACTERS) return [];
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weightOf(parameters));
  }
  const other = weights.get('*') ?? 0;
  const weightFor = (coding: ContentCoding): number => weights.get(coding) ?? other;
  return CONTENT_CODINGS.filter((coding) => weightFor(coding) > 0).toSorted((a, b) => weightFor(b) - weightFor(a));
}

function weightOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (text === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
