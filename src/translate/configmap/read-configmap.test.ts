import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigMap } from '../../resources/objects.ts';
import { testOptions } from '../../../test/support/translator-options.ts';
import { readConfigMap } from './read-configmap.ts';
import type { ConfigReading } from './read-configmap.ts';
import { configRows } from './registry.ts';

function read(data: Readonly<Record<string, string>>): ConfigReading {
  const configMap: ConfigMap = {
    kind: 'ConfigMap',
    data: new Map(Object.entries(data)),
    origin: { kind: 'ConfigMap', namespace: 'default', name: 'controller' },
    metadata: {
      namespace: 'default',
      name: 'controller',
      uid: '',
      creationTimestampMs: 0,
      resourceVersion: '',
    },
  };
  return readConfigMap(configMap, testOptions());
}

describe('the registry of ConfigMap keys', () => {
  it('has each key once, with a sentence', () => {
    const keys = configRows.map((row) => row.key);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    );
    for (const row of configRows) assert.match(row.summary, /\.$/, row.key);
  });

  it('takes the default of each key, written out, for the default', () => {
    const { config, findings } = read(Object.fromEntries(configRows.map((row) => [row.key, row.defaultText])));
    assert.deepEqual(findings, []);
    assert.deepEqual(config, readConfigMap(undefined, testOptions()).config);
  });
});

describe('the settings', () => {
  it('have the defaults of ingress-nginx, but for the buffering of requests', () => {
    const { settings, routing } = readConfigMap(undefined, testOptions()).config;
    assert.deepEqual(settings.proxy, {
      connectTimeoutMs: 5000,
      sendTimeoutMs: 60_000,
      readTimeoutMs: 60_000,
      nextUpstream: ['error', 'timeout'],
      nextUpstreamTries: 3,
      nextUpstreamTimeoutMs: 0,
      bodySizeBytes: 1_048_576,
      requestBuffer: null,
      responseBuffer: null,
      bandwidth: null,
      responseHeadBytes: 65_536,
    });
    assert.deepEqual(settings.upstreamKeepalive, { connections: 320, idleTimeoutMs: 60_000, lifetimeMs: 3_600_000, requests: 10_000 });
    assert.deepEqual(settings.client, {
      headerTimeoutMs: 60_000,
      bodyTimeoutMs: 60_000,
      bodyMinBytesPerSecond: 500,
      sendTimeoutMs: 60_000,
      keepAliveMs: 75_000,
      keepAliveRequests: 1000,
      tlsHandshakeTimeoutMs: 10_000,
      requestLineBytes: 16_384,
      headBytes: 65_536,
      fieldBytes: 32_768,
      fields: 128,
      connections: 32_768,
      drainMs: 240_000,
    });
    assert.deepEqual(settings.hsts, { enabled: true, maxAgeSeconds: 31_536_000, includeSubdomains: true, preload: false });
    assert.deepEqual(settings.forwarded.trustedCidrs, ['0.0.0.0/0']);
    assert.equal(settings.forwarded.forHeader, 'X-Forwarded-For');
    assert.equal(settings.log.format, 'text');
    assert.match(settings.log.textFormat, /^\$remote_addr - \$remote_user .*\$req_id$/);
    assert.equal(routing.redirectCode, 308);
    assert.deepEqual(routing.noTlsRedirectLocations, ['/.well-known/acme-challenge']);
  });

  it('take the sizes of nginx where one of its buffer keys is set', () => {
    const both = read({ 'client-header-buffer-size': '2k', 'large-client-header-buffers': '8 16k' }).config.settings.client;
    assert.deepEqual([both.requestLineBytes, both.fieldBytes, both.headBytes], [16_384, 16_384, 2048 + 8 * 16_384]);
    const small = read({ 'client-header-buffer-size': '2k' }).config.settings.client;
    assert.deepEqual([small.requestLineBytes, small.headBytes], [8192, 2048 + 4 * 8192]);
    const large = read({ 'client-header-buffer-size': '32k' }).config.settings.client;
    assert.equal(large.fieldBytes, 32_768);
  });

  it('leave room in the volume for temporary files, whatever the ConfigMap says', () => {
    const share = (tmpSizeLimitBytes: number, workers: number): number =>
      readConfigMap(undefined, testOptions({ tmpSizeLimitBytes, workers })).config.settings.bufferBounds.fileBytes;
    assert.equal(share(0, 2), 2 ** 30);
    assert.equal(share(2 ** 40, 2), 2 ** 30);
    assert.equal(share(2 ** 30, 2), (7 * 2 ** 27) / 2);
    assert.equal(share(2 ** 30, 7), 2 ** 27);
  });

  it('let log-format-escape-none win', () => {
    assert.equal(read({ 'log-format-escape-json': 'true', 'log-format-escape-none': 'true' }).config.settings.log.escape, 'none');
  });

  it('keep the default of a key whose value is not valid, and name the field', () => {
    const { config, findings } = read({ 'proxy-read-timeout': 'soon' });
    assert.equal(config.settings.proxy.readTimeoutMs, 60_000);
    assert.deepEqual(
      findings.map(({ code, field }) => [code, field]),
      [['PRT-CONF-2', 'data.proxy-read-timeout']],
    );
  });

  it('are not shared between readings', () => {
    const first = readConfigMap(undefined, testOptions()).config;
    const second = readConfigMap(undefined, testOptions()).config;
    assert.notEqual(first.settings.forwarded.trustedCidrs, second.settings.forwarded.trustedCidrs);
  });
});
