// Regular expressions as the paths of one host. Where one path is one, all are, whatever their own Ingress says (ingress-nginx writes all
// locations of such a server as patterns).
import { literalPrefix } from '../../kit/literal-prefix.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { Origin } from '../../model/origin.ts';
import { rulePath } from '../../model/route.ts';
import type { HostName, Route } from '../../model/route.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { PatternChecker } from '../pattern-checker.ts';
import type { ServedIngress } from './served-ingress.ts';

export interface HostPatterns {
  readonly host: HostName;
  /** Oldest first. */
  readonly ingresses: readonly ServedIngress[];
  readonly routes: Iterable<Route>;
  /** Whose regular expression makes patterns of all paths. */
  readonly owner: ServedIngress;
}

export interface PatternReading {
  /** Routes of rules whose path cannot be used as a pattern. */
  readonly unusable: readonly Route[];
  /** Once for each Ingress that did not ask for patterns, and for each path that cannot be used. */
  readonly findings: readonly Finding[];
}

export function checkPatterns({ host, ingresses, routes, owner }: HostPatterns, patterns: PatternChecker): PatternReading {
  const byName = new Map(ingresses.map((served) => [nameOf(served.ingress.origin), served]));
  const told = new Set<ServedIngress>();
  const unusable: Route[] = [];
  const findings: Finding[] = [];
  for (const route of routes) {
    const served = byName.get(nameOf(route.origin));
    const field = `${route.origin.field ?? ''}.path`;
    if (served === undefined || !field.startsWith('spec.rules')) continue;
    if (route.match.kind !== 'regex' && !told.has(served) && route.match.path !== '/') {
      told.add(served);
      const why = `${formatOrigin(owner.ingress.origin)} uses regular expressions on host ${host}`;
      const message = `${why}: ${route.match.path} is one, too, and so are all paths of this host`;
      findings.push(finding('PRT-RULE-9', message, served.ingress, field));
    }
    const pattern = rulePath(route.match);
    const problem = patterns.problemOf(pattern, served.ingress);
    if (problem === undefined) continue;
    unusable.push(route);
    const beginning = literalPrefix(pattern) || '/';
    const message = `the pattern ${problem}: paths that begin with ${beginning} and that no pattern before it takes answer 503`;
    findings.push(finding('PRT-RULE-10', message, served.ingress, field));
  }
  return { unusable, findings };
}

function nameOf({ kind, namespace, name }: Origin): string {
  return `${kind}/${namespace}/${name}`;
}
