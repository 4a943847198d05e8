// Where plain HTTP requests of a route that asks for TLS are sent to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../torture/client.ts';
import { expandParts } from '../torture/parts.ts';
import { awaitAnswer, fieldOf } from './engine-rig.ts';
import { type Portico, startPortico } from './portico.ts';

let portico: Portico;
before(async () => {
  const rule = { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } }] } };
  const objects = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'a', namespace: 'default', annotations: { 'nginx.ingress.kubernetes.io/force-ssl-redirect': 'true' } },
      spec: { ingressClassName: 'nginx', rules: [{ host: 'a.example', ...rule }] },
    },
  ];
  portico = await startPortico({ manifests: { 'all.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') } });
});
after(() => portico.stop());

for (const [target, location] of [
  ['/a?b=c', 'https://a.example/a?b=c'],
  ['http://a.example/a', 'https://a.example/a'],
  ['*', 'https://a.example'],
] as const) {
  test(`OPTIONS ${target} leads to ${location}`, async () => {
    const client = await new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
    await client.send(expandParts(`OPTIONS ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`));
    const { response } = await awaitAnswer(client, 'OPTIONS');
    client.destroy();
    assert.equal(response.status, 308);
    assert.equal(fieldOf(response, 'location'), location);
  });
}
