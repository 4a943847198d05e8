// The lines about client and host must be those that would be made anew, whatever was asked before.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { policyRequest } from '../policies/policy-request-fixture.ts';
import type { WorkerContext } from '../worker-context.ts';
import { ForwardedCache } from './forwarded-cache.ts';
import type { ClientOrigin } from './forwarded-fields.ts';

const origin = { address: '192.0.2.7', port: 5000, peerAddress: '192.0.2.7', isTls: false, localPort: 80, isFromProxyHeader: false };

function open(client: ClientOrigin): (host: string, upstreamHost: string, requestId: string) => readonly [text: string, idOffset: number] {
  const forwarded = { useForwardedHeaders: false, enableRealIp: false, generateRequestId: true };
  const settings = { ports: { http: 80, https: 443 }, forwarded };
  const cache = new ForwardedCache({ settings, clientAddresses: { isTrusted: () => false } } as unknown as WorkerContext, client);
  return (host, upstreamHost, requestId) => {
    const { head } = policyRequest({ host: host === '' ? 'unused' : host, fields: requestId === '' ? [] : [`X-Request-ID: ${requestId}`] });
    const { bytes, idOffset } = cache.linesFor(head, cache.requestFor(head, host), upstreamHost, undefined);
    return [bytes.latin1Slice(), idOffset];
  };
}

const anyHost = fc.constantFrom('a.example', 'b.example', 'longer.example:8080', 'x', '');

describe('kept lines', () => {
  test('are those of the request, whatever came before', () => {
    const anyRequest = fc.tuple(anyHost, fc.option(anyHost, { nil: undefined, freq: 4 }), fc.constantFrom('', '', '', 'id'));
    const property = fc.property(fc.array(anyRequest, { minLength: 2, maxLength: 12 }), (requests) => {
      const kept = open(origin);
      for (const [host, otherHost, requestId] of requests) {
        const upstreamHost = otherHost ?? host;
        assert.deepEqual(kept(host, upstreamHost, requestId), open(origin)(host, upstreamHost, requestId));
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('of two clients have nothing in common', () => {
    const [one, other] = [open(origin), open({ ...origin, address: '192.0.2.8' })];
    for (const host of ['a.example', 'b.example', 'longer.example']) {
      for (const [ask, address] of [
        [one, '192.0.2.7'],
        [other, '192.0.2.8'],
      ] as const) {
        const [text, idOffset] = ask(host, host, '');
        assert.match(text, new RegExp(`^ HTTP/1.1\\r\\nHost: ${host}\\r\\nX-Request-ID: 0{32}\\r\\nX-Real-IP: ${address}\\r\\n`));
        assert.match(text, new RegExp(`\\r\\nX-Forwarded-For: ${address}\\r\\nX-Forwarded-Host: ${host}\\r\\nX-Forwarded-Port: 80\\r\\n`));
        assert.equal(text.slice(idOffset, idOffset + 32), '0'.repeat(32));
      }
    }
  });
});
