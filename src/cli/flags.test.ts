import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { parseDurationMs } from './flag-values.ts';
import { flagKeys, flags, parseFlag } from './flags.ts';

describe('the flag registry', () => {
  it('has a default that its own parser accepts for every flag', () => {
    for (const key of flagKeys) assert.ok(parseFlag(key, flags[key].defaultText).ok, flags[key].name);
  });

  it('names every flag once, in lower case with dashes, and says what it does in whole sentences', () => {
    const names = flagKeys.map((key) => flags[key].name);
    assert.equal(new Set(names).size, names.length);
    for (const key of flagKeys) {
      assert.match(flags[key].name, /^[a-z]+(-[a-z]+)*$/);
      assert.match(flags[key].summary, /^["A-Z].*[.]$|seconds\.$/);
    }
  });

  it('has the defaults of ingress-nginx', () => {
    const value = (key: (typeof flagKeys)[number]): unknown => {
      const result = parseFlag(key, flags[key].defaultText);
      return result.ok ? result.value : result.error;
    };
    assert.equal(value('httpPort'), 80);
    assert.equal(value('httpsPort'), 443);
    assert.equal(value('healthzPort'), 10254);
    assert.equal(value('controllerClass'), 'k8s.io/ingress-nginx');
    assert.equal(value('shutdownGracePeriodMs'), 0);
    assert.equal(value('postShutdownGracePeriodMs'), 10_000);
    assert.equal(value('workers'), availableParallelism());
    assert.deepEqual(value('sizeBuckets'), [10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]);
  });

  it('takes sizes as quantities of Kubernetes', () => {
    const sizes = ['', '0', '4Gi', '1.5Mi', '500M', '12'].map((text) => parseFlag('tmpSizeLimitBytes', text));
    assert.deepEqual(
      sizes.map((size) => (size.ok ? size.value : size.error)),
      [0, 0, 4 * 2 ** 30, 1.5 * 2 ** 20, 500_000_000, 12],
    );
    for (const text of ['4GB', '-1', 'Gi', '1e3', '1 Gi', '4gi']) assert.equal(parseFlag('tmpSizeLimitBytes', text).ok, false, text);
  });

  it('takes Go durations and plain seconds', () => {
    const durations: [string, number][] = [
      ['0', 0],
      ['30', 30_000],
      ['1.5', 1500],
      ['250ms', 250],
      ['1m30s', 90_000],
      ['1.5h', 5_400_000],
    ];
    for (const [text, expectedMs] of durations) assert.deepEqual(parseDurationMs(text), { ok: true, value: expectedMs }, text);
    for (const text of ['', '-1s', '1d', '10 s', 's', '1e3', '25h']) assert.equal(parseDurationMs(text).ok, false, text);
  });

  it('takes what Go takes: localhost as an address, no time for an election', () => {
    assert.deepEqual(parseFlag('healthzHost', 'localhost'), { ok: true, value: '127.0.0.1' });
    assert.deepEqual(parseFlag('validatingWebhook', 'localhost:8443'), { ok: true, value: { host: '127.0.0.1', port: 8443 } });
    for (const text of ['0', '0s']) assert.deepEqual(parseFlag('electionTtlMs', text), { ok: true, value: 30_000 });
    assert.equal(parseFlag('electionTtlMs', '500ms').ok, false);
  });

  it('refuses values that cannot be meant', () => {
    const bad: [(typeof flagKeys)[number], string][] = [
      ['httpPort', '65536'],
      ['httpPort', '80a'],
      ['workers', '0'],
      ['workers', 'many'],
      ['defaultBackendService', 'name-only'],
      ['defaultBackendService', 'a/b/c'],
      ['configmap', 'default/Upper'],
      ['healthCheckPath', 'healthz'],
      ['healthCheckPath', '/a?b'],
      ['bind', 'localhost'],
      ['timeBuckets', '1,1'],
      ['timeBuckets', '0,1'],
      ['timeBuckets', ''],
      ['logFormat', 'xml'],
      ['disableCatchAll', 'yes'],
      ['watchNamespaceSelector', 'a b'],
    ];
    for (const [key, text] of bad) assert.equal(parseFlag(key, text).ok, false, `${flags[key].name}=${text}`);
    assert.deepEqual(parseFlag('bind', '[::1]'), { ok: true, value: '::1' });
  });
});
