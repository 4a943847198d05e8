// How a `location` block matches.
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { SnippetLocationMatch } from '../../model/policies/snippet.ts';

const MAX_PATH_CHARACTERS = 1024;

/** nginx: `ngx_http_core_location`; the modifier may stick to the path. */
export function readLocationMatch(args: readonly string[]): Result<SnippetLocationMatch> {
  const [first = '', second, ...rest] = args;
  if (rest.length > 0) return fail('which needs a path, and at most one modifier before it');
  if (second !== undefined) return matchOf(first, second);
  const [, modifier = '', path = ''] = /^(=|\^~|~\*|~)(.+)$/s.exec(first) ?? [];
  return modifier === '' ? matchOf('', first) : matchOf(modifier, path);
}

function matchOf(modifier: string, path: string): Result<SnippetLocationMatch> {
  switch (modifier) {
    case '~':
    case '~*': {
      const ignoresCase = modifier === '~*';
      const pattern = (ignoresCase ? compileSearchPattern : compileExactCasePattern)(path);
      return pattern.ok ? ok({ kind: 'regex', pattern: path, ignoresCase }) : fail(`whose pattern ${pattern.error}`);
    }
    case '=':
      return isPath(path) ? ok({ kind: 'exact', path }) : fail('whose path does not begin with /');
    case '':
    case '^~':
      if (path.startsWith('@')) return fail('which has a name: nothing leads there');
      return isPath(path) ? ok({ kind: 'prefix', path, isFinal: modifier === '^~' }) : fail('whose path does not begin with /');
    default:
      return fail(`whose modifier ${JSON.stringify(modifier.slice(0, 80))} is unknown`);
  }
}

function isPath(path: string): boolean {
  return path.startsWith('/') && path.length <= MAX_PATH_CHARACTERS;
}
