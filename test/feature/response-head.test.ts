// The size of a backend's response head: 64 KiB unless `proxy-buffer-size` is written, and then that.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type EngineRig, fieldOf, openEngine } from './engine-rig.ts';

const request = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';

/** A response whose head has exactly so many bytes. */
function responseWith(headBytes: number): string {
  const fields: string[] = [];
  const rest = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'.length;
  let left = headBytes - rest;
  while (left > 0) {
    const line = left > 2 * 1024 ? 1024 : left;
    fields.push(`X-Filler: ${'f'.repeat(line - 'X-Filler: \r\n'.length)}\r\n`);
    left -= line;
  }
  return `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields.join('')}\r\nok`;
}

for (const { what, config, fits } of [
  { what: 'without a setting', config: {}, fits: 64 * 1024 },
  { what: 'with 4k', config: { 'proxy-buffer-size': '4k' }, fits: 4096 },
  { what: 'with 120k', config: { 'proxy-buffer-size': '120k' }, fits: 120 * 1024 },
]) {
  describe(`a response head ${what}`, () => {
    let rig: EngineRig;
    before(async () => {
      rig = await openEngine({ ...config, 'proxy-next-upstream': 'off' });
    });
    after(() => rig.close());

    test('of the size is passed on', async () => {
      const { response } = await rig.ask(request, { parts: responseWith(fits) });
      assert.equal(response.status, 200);
      assert.equal(response.body, 'ok');
    });

    test('of one byte more is 502', async () => {
      const { response } = await rig.ask(request, { parts: responseWith(fits + 1) });
      assert.equal(response.status, 502);
      assert.equal(fieldOf(response, 'x-portico-error'), 'PRT-UP-9');
    });

    test('that does not end is 502 too', async () => {
      const { response } = await rig.ask(request, { parts: responseWith(fits + 200).slice(0, fits + 100) });
      assert.equal(response.status, 502);
      assert.equal(fieldOf(response, 'x-portico-error'), 'PRT-UP-9');
    });
  });
}
