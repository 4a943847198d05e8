import assert from 'node:assert/strict';
import { it } from 'node:test';
import { upstreamKey } from '../model/upstream.ts';
import type { Upstream } from '../model/upstream.ts';
import { readConfigMap } from '../translate/configmap/read-configmap.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import { ExternalNames } from './external-names.ts';

it('an ExternalName has its IPv4 addresses alone once the settings say so', async () => {
  const found: string[][] = [];
  const names = new ExternalNames({
    lookup: async (_host, family) => Promise.resolve(family === 4 ? ['192.0.2.1'] : ['2001:db8::1', '192.0.2.1']),
    ownPorts: [],
    adminPorts: [],
    onChange: (rows) => found.push(...rows.map(({ endpoints }) => endpoints.map(({ address }) => address))),
    onError: (_host, error) => assert.fail(error),
  });
  const key = upstreamKey('default', 'far', '80');
  const row: Upstream = {
    key,
    name: 'far',
    endpoints: [],
    externalName: { host: 'far.example', port: 80 },
    origin: { kind: 'Service', namespace: 'default', name: 'far' },
  };
  const none = {
    hosts: [],
    removedHosts: [],
    removedUpstreams: [],
    certificates: [],
    removedCertificates: [],
    upstreamSecrets: [],
    removedUpstreamSecrets: [],
  };
  const { settings } = readConfigMap(undefined, testOptions()).config;
  names.apply({ ...none, upstreams: [row], settings });
  await names.whenAnswered();
  names.apply({ ...none, upstreams: [], removedUpstreams: [key] });
  names.apply({ ...none, upstreams: [row], settings: { ...settings, resolvesIpv4Only: true } });
  await names.whenAnswered();
  names.close();
  assert.deepEqual(found, [['192.0.2.1', '2001:db8::1'], ['192.0.2.1']]);
});
