// ModSecurity. There is no such engine here, and pretending would leave routes open that somebody believes to be guarded.
import { parseBool } from '../value-parsers.ts';
import { notYet } from './row.ts';
import type { AnnotationRow, WithoutIt } from './row.ts';

export const firewallAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'enable-modsecurity', scope: 'location', risk: 'Low', without: refuseWhereTrue, summary: 'Web application firewall.' }),
  notYet({ name: 'enable-owasp-core-rules', scope: 'location', risk: 'Low', without: refuseWhereTrue, summary: 'OWASP core rules.' }),
  notYet({ name: 'modsecurity-transaction-id', scope: 'location', risk: 'High', summary: 'Transaction id of the firewall.' }),
  notYet({ name: 'modsecurity-snippet', scope: 'location', risk: 'Critical', summary: 'Configuration text of the firewall.' }),
];

function refuseWhereTrue(text: string): WithoutIt {
  const value = parseBool(text);
  if (!value.ok) return 'serve';
  return value.value ? 'refuse' : 'same';
}
