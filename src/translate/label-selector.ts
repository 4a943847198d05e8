// Kubernetes label selectors in their text form (`app=web,tier in (a, b),!legacy`), for --watch-namespace-selector.
import { assertNever } from '../kit/assert-never.ts';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';

export type LabelRequirement =
  | { readonly kind: 'in'; readonly label: string; readonly values: readonly string[] }
  /** Also true where the label is missing, as in Kubernetes. */
  | { readonly kind: 'not-in'; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly label: string }
  | { readonly kind: 'missing'; readonly label: string };

/** All requirements must hold; none: everything is selected. */
export type LabelSelector = readonly LabelRequirement[];

const LABEL = /^([A-Za-z0-9][A-Za-z0-9.-]*\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/;

/** Parses the syntax of `kubectl -l`; the error names the part that is wrong. */
export function parseLabelSelector(text: string): Result<LabelSelector> {
  const requirements: LabelRequirement[] = [];
  // Commas inside parentheses belong to a set of values.
  for (const part of text.split(/,(?![^(]*\))/)) {
    if (part.trim() === '') continue;
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return fail(`${JSON.stringify(part.trim())} is not a label requirement`);
    requirements.push(requirement);
  }
  return ok(requirements);
}

export function selectsLabels(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  return selector.every((requirement) => holds(requirement, labels.get(requirement.label)));
}

function holds(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.kind) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'not-in':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    default:
      return assertNever(requirement);
  }
}

function parseRequirement(part: string): LabelRequirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return withValues(set[2] === 'in' ? 'in' : 'not-in', set[1] ?? '', values);
  }
  const equality = /^([^\s!=]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equality !== null) return withValues(equality[2] === '!=' ? 'not-in' : 'in', equality[1] ?? '', [equality[3] ?? '']);
  const label = part.startsWith('!') ? part.slice(1).trim() : part;
  if (!LABEL.test(label)) return undefined;
  return { kind: part.startsWith('!') ? 'missing' : 'exists', label };
}

function withValues(kind: 'in' | 'not-in', label: string, values: readonly string[]): LabelRequirement | undefined {
  return LABEL.test(label) && values.every((value) => VALUE.test(value)) ? { kind, label, values } : undefined;
}
