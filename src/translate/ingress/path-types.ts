// ConfigMap key `strict-validate-path-type`: which characters the admission check allows in paths of type Exact and Prefix. Paths
// with other characters that are in the cluster, or in manifests, nevertheless are served and reported.
import { itemPath } from '../../resources/field-path.ts';
import type { Ingress } from '../../resources/objects.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';

const STRICT_PATH = /^\/[A-Za-z0-9._\-/]*$/;

export function checkPathTypes(ingress: Ingress): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [ruleIndex, rule] of ingress.spec.rules.entries()) {
    for (const [pathIndex, { path, pathType }] of (rule.paths ?? []).entries()) {
      if (pathType === 'ImplementationSpecific' || STRICT_PATH.test(path)) continue;
      const message = `path ${path} cannot be used with pathType ${pathType}, only letters, digits and . _ - / can (strict-validate-path-type)`;
      const field = `${itemPath(`${itemPath('spec.rules', ruleIndex)}.http.paths`, pathIndex)}.path`;
      findings.push(finding('PRT-RULE-11', message, ingress, field));
    }
  }
  return findings;
}
