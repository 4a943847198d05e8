import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';
import { compileSignIn } from './sign-in.ts';

interface Row {
  readonly name: string;
  readonly url: string;
  readonly parameter: string | undefined;
  readonly request?: RequestFixture;
  /** Undefined: no redirect. */
  readonly location: string | undefined;
}

const rows: readonly Row[] = [
  {
    name: 'only the request target is escaped',
    url: 'http://auth/start',
    parameter: 'rd',
    request: { target: '/?a=b&c=d', host: 'auth' },
    location: 'http://auth/start?rd=http://auth%2F%3Fa%3Db%26c%3Dd',
  },
  {
    name: 'a query of its own',
    url: 'https://login/?app=1',
    parameter: 'orig',
    location: 'https://login/?app=1&orig=http://shop.example%2F',
  },
  { name: 'the parameter is there already', url: 'https://login/?rd=/home', parameter: undefined, location: 'https://login/?rd=/home' },
  {
    name: 'variables',
    url: 'https://$host/oauth2/start?rd=$escaped_request_uri',
    parameter: undefined,
    request: { target: "/it's" },
    location: 'https://shop.example/oauth2/start?rd=%2Fit%27s',
  },
  {
    name: 'over TLS',
    url: 'https://login/',
    parameter: 'rd',
    request: { origin: { isTls: true } },
    location: 'https://login/?rd=https://shop.example%2F',
  },
  {
    name: 'what cannot stand in a field',
    url: 'https://login/$http_x',
    parameter: 'rd',
    request: { fields: ['X: a b'] },
    location: undefined,
  },
];

describe('sign-in', () => {
  for (const { name, url, parameter, request, location } of rows) {
    it(name, () => {
      const verdict = compileSignIn({ url, redirectParameter: parameter })(policyRequest(request));
      if (location === undefined) return assert.equal(verdict, undefined);
      assert.ok(verdict?.kind === 'respond');
      assert.equal(verdict.status, 302);
      assert.ok(verdict.lines.includes(`\r\nLocation: ${location}\r\n`), verdict.lines);
    });
  }
});
