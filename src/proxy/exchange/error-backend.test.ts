import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorRequestHead } from './error-backend.ts';

const labels = { namespace: 'shop', ingress: 'web', service: 'cart', servicePort: '80', path: '/' };
const sent = 'POST /a/b?x=1?y HTTP/1.1\r\nHost: h\r\nAccept: text/html, */*\r\nX-Code: 200\r\nx-format: evil\r\nContent-Length: 3\r\n\r\n';

test('keeps method, query, fields and framing, replaces the path and tells what happened', () => {
  const head = errorRequestHead(sent, { status: 503, originalTarget: '/orig?z', labels, host: 'h', hasBody: true });
  assert.equal(
    head,
    'POST /?x=1?y HTTP/1.1\r\nHost: h\r\nAccept: text/html, */*\r\nContent-Length: 3\r\nX-Code: 503\r\nX-Format: text/html, */*\r\n' +
      'X-Original-URI: /orig?z\r\nX-Namespace: shop\r\nX-Ingress-Name: web\r\nX-Service-Name: cart\r\nX-Service-Port: 80\r\n\r\n',
  );
});

test('the host is the one that was asked for', () => {
  const vhost = sent.replace('Host: h', 'Host: vhost.example');
  const head = errorRequestHead(vhost, { status: 404, originalTarget: '/', labels, host: 'shop.example', hasBody: true });
  assert.match(head, /^POST \/\?x=1\?y HTTP\/1.1\r\nHost: shop.example\r\nAccept/);
  assert.doesNotMatch(head, /vhost/);
});

test('a request whose body is lost says that it has none', () => {
  const head = errorRequestHead(sent, { status: 502, originalTarget: '/', labels, host: 'h', hasBody: false });
  assert.match(head, /\r\nContent-Length: 0\r\n\r\n$/);
  assert.doesNotMatch(head, /Content-Length: 3/);
});

test('an upgrade is not asked for again', () => {
  const upgrade = 'GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n';
  const head = errorRequestHead(upgrade, {
    status: 404,
    originalTarget: '/ws',
    labels: { ...labels, service: '' },
    host: 'h',
    hasBody: true,
  });
  assert.doesNotMatch(head, /upgrade|X-Service-Name/i);
  assert.match(head, /^GET \/ HTTP\/1.1\r\nHost: h\r\n/);
});
