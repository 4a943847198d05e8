// Writes an explanation for people: the command line and the console show the same text.
import { assertNever } from '../kit/assert-never.ts';
import { errorCodes } from '../model/error-codes.ts';
import { formatOrigin } from '../model/origin.ts';
import type { Action, PathMatch } from '../model/route.ts';
import type { RedirectTarget } from '../model/policies/redirect.ts';
import type { UpstreamKey } from '../model/upstream.ts';
import type { Candidate, CandidateReason, Explanation, HostChoice, Outcome } from './explain.ts';
import { badPathSentences } from './normalise-path.ts';

/** Several lines, without an end of line at the end. Control characters of the request are shown escaped. */
export function formatExplanation(explanation: Explanation): string {
  const { request, host, path, candidates, outcome } = explanation;
  const lines = [
    `${request.scheme}://${request.host}${request.path}`,
    `  host   ${formatHostChoice(host)}`,
    `         ${formatOrigin(host.origin)}`,
    ...(path === undefined || path === request.path ? [] : [`  path   matched as ${path}`]),
    ...(host.pathMode === 'regex' ? ['  rules  all paths of this host are regular expressions, because an object of it uses one'] : []),
    ...candidates.flatMap(formatCandidate),
    `  answer ${formatOutcome(outcome)}`,
  ];
  return lines.map(escapeControls).join('\n');
}

function formatHostChoice(choice: HostChoice): string {
  const asked = choice.asked === '' ? 'a request without host' : choice.asked;
  switch (choice.kind) {
    case 'exact':
      return `${choice.name}, by its exact name`;
    case 'wildcard':
      return `${choice.name}, a wildcard; no host is called ${asked}`;
    case 'alias':
      return `${choice.name}, an alias of ${choice.aliasOf ?? ''}`;
    case 'catch-all':
      return `the catch-all; no host or wildcard takes ${asked}`;
    case 'built-in-catch-all':
      return `none; no host, wildcard or catch-all takes ${asked}`;
    default:
      return assertNever(choice.kind);
  }
}

const MARKS: Readonly<Record<CandidateReason['kind'], string>> = { won: 'won', lost: 'lost', 'no-match': '-' };

function formatCandidate(candidate: Candidate): readonly string[] {
  return [
    `  ${MARKS[candidate.reason.kind].padEnd(6)} ${formatMatch(candidate.match)}: ${formatReason(candidate.reason)}`,
    `         ${formatOrigin(candidate.origin)}`,
  ];
}

function formatMatch(match: PathMatch): string {
  return match.kind === 'regex' ? `regex ${match.pattern}` : `${match.kind} ${match.path}`;
}

function formatReason(reason: CandidateReason): string {
  switch (reason.kind) {
    case 'won':
      return wonSentences[reason.because];
    case 'lost':
      return `${lostSentences[reason.because]} (${reason.to})`;
    case 'no-match':
      return reason.because === 'bad-pattern'
        ? `begins otherwise; besides, the pattern ${reason.message}`
        : noMatchSentences[reason.because];
    default:
      return assertNever(reason);
  }
}

const wonSentences: Readonly<Record<Extract<CandidateReason, { kind: 'won' }>['because'], string>> = {
  'app-root': 'takes exactly / before all rules',
  'snippet-location': 'is a location block of a server-snippet',
  'exact-path': 'is exactly the path',
  'path-of-the-prefix': 'the path is the prefix itself',
  'longest-prefix': 'is the longest prefix',
  'first-pattern': 'is the first pattern that matches, longest first',
  'path-lacks-slash': 'takes the path with a slash at the end',
};

const lostSentences: Readonly<Record<Extract<CandidateReason, { kind: 'lost' }>['because'], string>> = {
  'app-root': 'matches, but / is redirected to the app-root of the host',
  'snippet-location': 'matches, but a location block of a server-snippet goes first',
  'exact-path': 'matches, but another rule is exactly the path',
  'longer-prefix': 'matches, but another prefix is longer',
  'slash-redirect': 'matches, but another rule redirects to the path with a slash',
  'earlier-pattern': 'matches, but another pattern is tried first',
};

type NoMatchWord = Exclude<Extract<CandidateReason, { kind: 'no-match' }>['because'], 'bad-pattern'>;

const noMatchSentences: Readonly<Record<NoMatchWord, string>> = {
  'other-path': 'is another path',
  case: 'differs in upper and lower case',
  'part-of-an-element': 'ends within an element of the path',
  pattern: 'does not match',
};

function formatOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'bad-path':
      return `400 PRT-REQ-5, ${badPathSentences[outcome.reason]}`;
    case 'no-route':
      return '404 PRT-ROUTE-1, no rule takes the path';
    case 'slash-redirect':
      return `301 to ${outcome.location}`;
    case 'tls-redirect':
      return `${outcome.statusCode} to the same URL over TLS, and there: ${formatAction(outcome.action)}`;
    case 'action':
      return formatAction(outcome.action);
    default:
      return assertNever(outcome);
  }
}

function formatAction(action: Action): string {
  switch (action.kind) {
    case 'forward': {
      const fallback = action.fallback === undefined ? '' : `, or ${formatUpstream(action.fallback)} while it has no endpoint`;
      return `forwarded to ${formatUpstream(action.upstream)}${fallback}`;
    }
    case 'default-backend':
      return action.upstream === null ? 'the built-in default backend, 404' : `the default backend ${formatUpstream(action.upstream)}`;
    case 'refuse':
      return `${errorCodes[action.code].status} ${action.code}, ${errorCodes[action.code].slug}`;
    case 'status-page':
      return 'the status page, for the addresses that the ConfigMap names';
    case 'redirect':
      return `${action.redirect.statusCode} to ${formatRedirectTarget(action.redirect.to)}`;
    case 'health-check':
      return 'answered 200 by Portico itself, the health check';
    case 'answer':
      return 'answered by a location block of a server-snippet';
    default:
      return assertNever(action);
  }
}

function formatRedirectTarget(target: RedirectTarget): string {
  switch (target.kind) {
    case 'url':
      return target.url;
    case 'path':
      return `${target.path} of the same host`;
    case 'app-root':
      return `${target.path} of the same host, its app-root`;
    case 'host':
      return `the same URL at ${target.host}`;
    default:
      return assertNever(target);
  }
}

function formatUpstream(key: UpstreamKey): string {
  const [namespace = '', service = '', port = ''] = key.split('\0');
  return `Service ${namespace}/${service}, port ${port}`;
}

function escapeControls(line: string): string {
  return line.replace(/[\0-\x1f\x7f-\x9f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
