import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firewallAnnotations, missingFirewallOf, uselessFirewallAnnotations } from './web-application-firewall.ts';
import type { FirewallDefaults, FirewallDraft } from './web-application-firewall.ts';
import type { AnnotationDraft } from './row.ts';

const OFF: FirewallDefaults = { isEnabled: false, usesCoreRules: false, snippet: '', whenMissing: 'refuse' };

describe('a firewall that there is not', () => {
  const cases: readonly (readonly [name: string, own: FirewallDraft, defaults: Partial<FirewallDefaults>, expected: string])[] = [
    ['nobody asked for', {}, {}, 'nothing'],
    ['that is off here', { isEnabled: false }, { isEnabled: true, snippet: 'SecRuleEngine On' }, 'nothing'],
    ['that watches by default', { isEnabled: true }, {}, 'uninspected'],
    ['that blocks', { isEnabled: true, snippet: 'SecRuleEngine On' }, {}, 'refused'],
    ['that blocks, in another spelling', { isEnabled: true, snippet: '  secruleengine\t"ON"\n' }, {}, 'refused'],
    ['whose last word counts', { isEnabled: true, snippet: 'SecRuleEngine On\nSecRuleEngine DetectionOnly' }, {}, 'uninspected'],
    ['that is commented out', { isEnabled: true, snippet: '# SecRuleEngine On' }, {}, 'uninspected'],
    ['whose engine is off', { isEnabled: true, snippet: 'SecRuleEngine Off;' }, {}, 'nothing'],
    ['with an unknown word', { isEnabled: true, snippet: 'SecRuleEngine Maybe' }, {}, 'refused'],
    ['with a rule that turns it on', { isEnabled: true, snippet: 'SecAction "id:1,phase:1,ctl:ruleEngine=On"' }, {}, 'refused'],
    [
      'with the files of ingress-nginx',
      { isEnabled: true, snippet: 'Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf' },
      {},
      'uninspected',
    ],
    ['with a file that nobody can see', { isEnabled: true, snippet: 'Include /etc/own.conf' }, {}, 'refused'],
    ['of the ConfigMap', {}, { isEnabled: true, snippet: 'SecRuleEngine On' }, 'refused'],
    [
      'of the ConfigMap, watching here',
      { snippet: 'SecRuleEngine DetectionOnly' },
      { isEnabled: true, snippet: 'SecRuleEngine On' },
      'uninspected',
    ],
    ['that the ConfigMap can do without', { isEnabled: true, snippet: 'SecRuleEngine On' }, { whenMissing: 'serve' }, 'uninspected'],
  ];
  for (const [name, firewall, defaults, expected] of cases) {
    it(`${name}: ${expected}`, () => {
      assert.equal(missingFirewallOf({ firewall }, { ...OFF, ...defaults }), expected);
    });
  }

  it('is asked for by a value that is no boolean too', () => {
    const draft: AnnotationDraft = { proxy: {}, redirects: {}, upstreamTls: {}, access: { external: {} }, clientCertificates: {} };
    const row = firewallAnnotations.find(({ name }) => name === 'enable-modsecurity');
    assert.ok(row?.status.kind === 'supported');
    assert.equal(row.status.read('yes', draft)?.kind, 'invalid');
    assert.equal(draft.firewall?.isEnabled, true);
    assert.equal(row.status.read('false', draft), undefined);
    assert.equal(draft.firewall?.isEnabled, false);
  });

  it('tells which annotations have no effect', () => {
    const firewall = { usesCoreRules: true, transactionId: '$request_id', snippet: 'x' };
    const all = ['enable-owasp-core-rules', 'modsecurity-transaction-id', 'modsecurity-snippet'];
    assert.deepEqual(uselessFirewallAnnotations({ firewall }, OFF), all);
    assert.deepEqual(uselessFirewallAnnotations({ firewall: { ...firewall, isEnabled: true } }, OFF), []);
  });
});
