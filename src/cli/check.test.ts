import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));

const good = `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
`;

interface JsonReport {
  readonly objects: number;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: readonly string[];
  readonly diagnostics: readonly {
    readonly code: string;
    readonly slug: string;
    readonly file: string;
    readonly line: number;
    readonly field?: string;
  }[];
}

describe('portico check', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'portico-check-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function check(
    text: string,
    ...flags: readonly string[]
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    writeFileSync(join(folder, 'shop.yaml'), text);
    return spawnSync(launcher, ['check', ...flags, '.'], { cwd: folder, encoding: 'utf8' });
  }

  function checkJson(text: string, ...flags: readonly string[]): JsonReport {
    return JSON.parse(check(text, '--output', 'json', ...flags).stdout) as JsonReport;
  }

  it('says that it did not look for endpoints where the manifests have no slices, and is content', () => {
    const { status, stdout } = check(good);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^There is no EndpointSlice in the manifests.*\n3 objects: 0 errors, 0 warnings, 0 notes\n$/);
  });

  it('prints file, line, severity, object, field and code', () => {
    const { status, stdout } = check(good.replace('name: shop, port', 'name: shp, port'));
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^shop\.yaml:22: warning: Ingress default\/shop, spec\.rules\[0\]\.http\.paths\[0\]\.backend[^:]*: .*shp.* \(PRT-RULE-3 missing-service\)$/m,
    );
    assert.match(stdout, /^3 objects: 0 errors, 1 warning, 0 notes$/m);
  });

  it('ends with 1 where there is an error, and still looks at the other objects', () => {
    const { status, stdout } = check(`${good}---\nkind: [\n`);
    assert.equal(status, 1);
    assert.match(stdout, /^shop\.yaml:\d+: error: .*\(PRT-READ-2 syntax-error\)$/m);
    assert.match(stdout, /^3 objects: 1 error, /m);
  });

  it('prints JSON with the same facts', () => {
    const report = checkJson(good.replace('name: shop, port', 'name: shp, port'));
    assert.equal(report.objects, 3);
    assert.equal(report.warnings, 1);
    const [only] = report.diagnostics;
    assert.equal(only?.code, 'PRT-RULE-3');
    assert.equal(only?.slug, 'missing-service');
    assert.equal(only?.file, 'shop.yaml');
    assert.equal(only?.line, 22);
    assert.match(only?.field ?? '', /^spec\.rules\[0\]/);
  });

  it('judges by the flags that serve would be given', () => {
    const codes = (...flags: readonly string[]): readonly string[] => checkJson(good, ...flags).diagnostics.map(({ code }) => code);
    assert.deepEqual(codes('--controller-class=example.com/other'), ['PRT-CLASS-1']);
    assert.deepEqual(codes('--default-backend-service', 'default/none'), ['PRT-CONF-5']);
    assert.deepEqual(codes('--watch-namespace=elsewhere'), []);
  });

  it('looks at the ConfigMaps of TCP and UDP services', () => {
    const text = `${good}---
apiVersion: v1
kind: ConfigMap
metadata: {name: tcp}
data:
  "9000": default/shop:80
  "80": default/shop:80
  "9001": default/shop
`;
    const { diagnostics, warnings } = checkJson(text, '--tcp-services-configmap=default/tcp');
    assert.equal(warnings, 2);
    assert.deepEqual(
      diagnostics.map(({ code, line, field }) => [code, line, field]),
      [
        ['PRT-STREAM-2', 29, 'data["80"]'],
        ['PRT-STREAM-1', 30, 'data["9001"]'],
      ],
    );
  });

  it('ends with 2 where a path does not exist', () => {
    const { status, stdout, stderr } = spawnSync(launcher, ['check', 'nowhere'], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /nowhere/);
  });
});
