// From the text of one document to values, with every bound that text of unknown origin needs: YAML 1.2 core schema and merge keys,
// duplicate keys refused, nesting, aliases and what they expand to limited. Nothing throws.
import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml';
import type { Result } from '../../kit/result.ts';
import { fail, ok } from '../../kit/result.ts';

export interface SyntaxProblem {
  readonly message: string;
  /** Zero-based, in the text that was parsed. */
  readonly line: number;
}

const maxDepth = 100;
const maxAliases = 1000;
const maxExpandedNodes = 200_000;
/** Characters. */
const maxSearchedText = 1024 * 1024;
const options = { schema: CORE_SCHEMA.withTags(mergeTag), maxDepth, maxAliases, maxTotalMergeKeys: 10_000 };

/** The values of all documents in a YAML text; a text of comments has none, an empty document is null. */
export function parseYaml(text: string): Result<readonly unknown[], SyntaxProblem> {
  try {
    const values = loadAll(text, options);
    // Aliases share memory, but whoever walks over the value meets each of them again: nested ones grow exponentially.
    if (text.includes('*') && text.includes('&') && countNodes(values, maxExpandedNodes) > maxExpandedNodes) {
      return fail({ message: `aliases expand to more than ${maxExpandedNodes} values`, line: 0 });
    }
    return ok(values);
  } catch (error) {
    if (error instanceof YAMLException) return fail({ message: error.reason, line: error.mark?.line ?? 0 });
    return fail({ message: error instanceof Error ? error.message : String(error), line: 0 });
  }
}

/** One JSON text. Of a key that occurs twice in a map the last one counts, as JSON.parse has it. */
export function parseJson(text: string): Result<readonly unknown[], SyntaxProblem> {
  if (text.trim() === '') return ok([]);
  try {
    const value: unknown = JSON.parse(text);
    return ok([value]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail({ message, line: jsonErrorLine(message, text) });
  }
}

/**
 * The parser names the line of some mistakes only. For the others: the text up to the mistake is the beginning of some JSON, with it it is
 * not, and that place is found by halving. Large texts are not worth it; their mistake gets the first line.
 */
function jsonErrorLine(message: string, text: string): number {
  const line = /\(line (\d+) column \d+\)/.exec(message)?.[1];
  if (line !== undefined) return Number(line) - 1;
  if (text.length > maxSearchedText) return 0;
  let good = 0;
  let bad = text.trimEnd().length;
  if (isBeginningOfJson(text.slice(0, bad))) good = bad;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isBeginningOfJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return text.slice(0, good).split('\n').length - 1;
}

function isBeginningOfJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return /end of JSON input|Unterminated/.test(message) || new RegExp(`position ${text.length}\\b`).test(message);
  }
}

/** Counts values as a walk meets them, and stops counting above the limit. */
function countNodes(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const child of Object.values(value)) {
    count += countNodes(child, limit - count);
    if (count > limit) break;
  }
  return count;
}
