// Annotations that change how paths match and what path the backend sees.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { RewritePolicy } from '../../model/policies/rewrite.ts';
import { parseTemplate } from '../../model/template.ts';
import { parseBool } from '../value-parsers.ts';
import { noEffect, supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

/** ingress-nginx's `RegexPathWithCapture`. */
const PATH_WITH_CAPTURES = /^[-/._~A-Za-z0-9:$]{1,2048}$/;
/** What may stand in a path, query and fragment; no `$`, which nginx would expand. */
const ABSOLUTE_PATH = /^\/[-._~A-Za-z0-9/:%?#=&+,;@!'()*]{0,2047}$/;

export const pathAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'rewrite-target',
    scope: 'location',
    risk: 'Medium',
    parse: parseRewriteTarget,
    set: (draft, value) => {
      draft.rewriteTarget = value;
    },
    summary:
      'Replaces the whole path; `$1` to `$9` are captures of the rule path, which is a regular expression then, as are all paths of the host. The query stays.',
    differs: 'a result that holds `.` or `..` as a path element is answered with 400 rather than sent to the backend',
  }),
  supported({
    name: 'use-regex',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.useRegex = value;
    },
    summary: 'The paths are regular expressions, case-insensitive and anchored at the start only, and so are all other paths of the host.',
    differs:
      'expressions run on RE2, in linear time: look-behind, back-references, possessive and atomic groups, and look-ahead that is not at a fixed distance from the start are refused, and paths that begin like such an expression answer 503',
  }),
  supported({
    name: 'app-root',
    scope: 'host',
    risk: 'Medium',
    parse: parseAppRoot,
    set: (draft, value) => {
      draft.appRoot = value;
    },
    summary: 'Redirects the path `/` of the host, and no other, to this path (302).',
  }),
  supported({
    name: 'x-forwarded-prefix',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'drop',
    parse: parsePathTemplate,
    set: (draft, value) => {
      draft.forwardedPrefix = value;
    },
    summary: 'Sends X-Forwarded-Prefix where `rewrite-target` is active; `$1` to `$9` are captures of the rule path.',
  }),
  noEffect({
    name: 'enable-rewrite-log',
    scope: 'location',
    risk: 'Low',
    reason: 'it only makes nginx write notices about rewrites',
    summary: 'Logs rewrites in nginx.',
  }),
];

/** What is rewritten where `rewrite-target` is active. */
export function rewritePolicyOf({ rewriteTarget, forwardedPrefix }: Readonly<AnnotationDraft>): RewritePolicy | undefined {
  if (rewriteTarget === undefined) return undefined;
  return { target: rewriteTarget, ...(forwardedPrefix !== undefined && { forwardedPrefix }) };
}

function parsePathTemplate(text: string): Result<string> {
  if (!PATH_WITH_CAPTURES.test(text)) return fail('is not a path of letters, digits and / - . _ ~ : with captures such as $1');
  const template = parseTemplate(text);
  if (!template.ok) return template;
  const [unknown] = template.value.unknownNames;
  return unknown === undefined ? ok(text) : fail(`names the variable $${unknown}, which does not exist`);
}

function parseRewriteTarget(text: string): Result<string> {
  if (!/^(?:[/$]|https?:\/\/)/.test(text)) return fail('does not begin with / or a capture');
  return parsePathTemplate(text);
}

function parseAppRoot(text: string): Result<string> {
  return ABSOLUTE_PATH.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text) ? ok(text) : fail('is not an absolute path such as "/app"');
}
