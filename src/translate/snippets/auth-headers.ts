// What an auth-snippet means: headers of the request to the authentication service.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { SnippetRule } from '../../model/policies/snippet.ts';
import type { AuthHeader } from '../annotations/external-auth.ts';
import { mayProtect, readSnippet } from './read-snippet.ts';
import type { SnippetProblem } from './read-snippet.ts';

/** Empty value: the header is left out. A snippet that cannot be read may be what makes the service say no. */
export function readAuthSnippet(text: string): Result<readonly AuthHeader[], SnippetProblem> {
  const reading = readSnippet(text, 'auth');
  if (!reading.ok) return reading;
  const headers: AuthHeader[] = [];
  for (const rule of reading.value.snippet.rules) {
    const header = headerOf(rule);
    if (!header.ok) return fail({ message: header.error, isProtective: mayProtect(text) });
    headers.push(header.value);
  }
  return ok(headers);
}

function headerOf(rule: SnippetRule): Result<AuthHeader> {
  if (rule.kind === 'set-request' || rule.kind === 'set-input') {
    const { name, value } = rule;
    if (name.toLowerCase() === 'host') return fail('sets Host, which is that of auth-url');
    if (rule.kind === 'set-input' && (rule.onlyPresent || rule.contentTypes !== undefined))
      return fail('has an option of more_set_input_headers, which is not interpreted there');
    return ok({ name, value });
  }
  if (rule.kind !== 'clear-input' || rule.isPrefix || rule.contentTypes !== undefined)
    return fail('has something other than headers of the request');
  return ok({ name: rule.name, value: '' });
}
