// Annotation `server-alias`: more names of a host, in nginx's forms.
import { compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { hostName } from '../../model/route.ts';
import type { HostName } from '../../model/route.ts';
import { commaList } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

const MAX_ALIASES = 1000;
const MAX_CHARACTERS = 65_536;
const NAME = '[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*';
/** `name`, `*.name`, `.name` (which is the name and `*.name`), `name.*`. */
const PLAIN = new RegExp(`^(?:(?:\\*?\\.)?${NAME}|${NAME}\\.\\*)$`);
/** ingress-nginx's characters of server names that are regular expressions. */
const REGEX = /^~[A-Za-z0-9/._~*^$()[\]{}+?|&=\\-]{1,1024}$/;

export const serverAliasAnnotation: AnnotationRow = {
  ...supported({
    name: 'server-alias',
    scope: 'host',
    risk: 'High',
    parse: parseAliases,
    set: setAliases,
    summary: 'More names of the host: exact, `*.name` and `name.*` for any depth, or `~` and a regular expression.',
    differs: 'regular expressions run on RE2, without look-around and back-references; an alias that needs them is left out',
  }),
  status: { kind: 'supported', onInvalid: 'drop', read: readAliases },
};

function readAliases(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  const aliases = parseAliases(text);
  if (!aliases.ok) return { kind: 'invalid', message: aliases.error };
  const problems: string[] = [];
  const usable = aliases.value.filter((alias) => {
    const pattern = alias.startsWith('~') ? compileSearchPattern(alias.slice(1)) : undefined;
    if (pattern?.ok === false) problems.push(`${alias} ${pattern.error}`);
    return pattern?.ok !== false;
  });
  setAliases(draft, usable);
  return problems.length === 0
    ? undefined
    : { kind: 'ignored', message: `has aliases that are left out: ${problems.slice(0, 5).join('; ')}` };
}

function setAliases(draft: AnnotationDraft, aliases: readonly HostName[]): void {
  draft.serverAliases = aliases;
}

/** Each name once, lower case except regular expressions. */
function parseAliases(text: string): Result<readonly HostName[]> {
  if (text.length > MAX_CHARACTERS) return fail(`is longer than ${MAX_CHARACTERS} characters`);
  const items = commaList(text);
  if (items.length > MAX_ALIASES) return fail(`has more than ${MAX_ALIASES} names`);
  const names = new Set<string>();
  for (const item of items) {
    if (item.startsWith('~') ? !REGEX.test(item) : item.length > 253 || !PLAIN.test(item)) {
      return fail(`has the item ${JSON.stringify(item.slice(0, 100))}, which is no server name`);
    }
    if (item.startsWith('~')) {
      names.add(item);
    } else if (item.startsWith('.')) {
      names.add(item.slice(1).toLowerCase()).add(`*${item.toLowerCase()}`);
    } else {
      names.add(item.toLowerCase());
    }
  }
  return ok([...names].map(hostName));
}
