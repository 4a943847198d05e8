// What the image is made of and how it starts. Its steps are run by scripts/check-image.ts.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isInContext, parseCopy, parseDockerfile, parseEnv } from './dockerfile.ts';

const ROOT = join(import.meta.dirname, '../..');
const stages = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
const dockerignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8');

function textOf(stage: number, instruction: string): string {
  return stages[stage]?.steps.findLast((step) => step.instruction === instruction)?.text ?? '';
}

suite('Dockerfile', () => {
  test('what is copied from the context is there and not ignored', () => {
    const copies = stages.flatMap(({ steps }) =>
      steps.filter(({ instruction }) => instruction === 'COPY').map(({ text }) => parseCopy(text)),
    );
    const sources = copies.filter(({ from }) => from === undefined).flatMap(({ sources: paths }) => paths);
    assert.deepEqual(sources, ['package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'bin', 'src']);
    for (const source of sources) {
      assert.ok(existsSync(join(ROOT, source)), source);
      assert.ok(isInContext(dockerignore, source), source);
    }
  });

  test('tests, installed packages and the history stay out', () => {
    for (const path of [
      'src/cli/flags.test.ts',
      'src/observe/record-fixture.ts',
      'node_modules/zod/package.json',
      '.git/config',
      'test/deploy/x.ts',
    ]) {
      assert.equal(isInContext(dockerignore, path), false, path);
    }
    assert.equal(isInContext(dockerignore, 'src/main.ts'), true);
  });

  test('the last stage runs no command, as no root, and starts by the launcher, which has the flags of Node', () => {
    assert.equal(stages.length, 2);
    assert.equal(textOf(1, 'RUN'), '');
    assert.match(textOf(1, 'USER'), /^[1-9]\d*:[1-9]\d*$/);
    assert.deepEqual(JSON.parse(textOf(1, 'ENTRYPOINT')), ['/portico/bin/portico']);
    assert.match(readFileSync(join(ROOT, 'bin/portico'), 'utf8'), /^exec "\$node" (--\S+ )+"\$root\/src\/main\.ts" "\$@"$/m);
    assert.deepEqual(JSON.parse(textOf(1, 'CMD')), ['serve']);
  });

  test('compiled code is made where the image has its files, for the user of the image', () => {
    const warm = stages[0]?.steps.find(({ text }) => text.includes('compile-cache'))?.text ?? '';
    assert.match(warm, /bin\/portico serve /);
    assert.match(textOf(1, 'USER'), /^65532:/);
    assert.match(warm, /\$\{made%-\*\}-65532/);
    const { from, sources, target } = parseCopy(textOf(1, 'COPY'));
    assert.deepEqual([from, ...sources, target], ['build', textOf(0, 'WORKDIR'), textOf(0, 'WORKDIR')]);
    assert.deepEqual(JSON.parse(textOf(1, 'ENTRYPOINT')), [`${textOf(0, 'WORKDIR')}/bin/portico`]);
  });

  test('what is written at run time is under /tmp, where the chart mounts a volume', () => {
    assert.match(parseEnv(textOf(1, 'ENV'))['NODE_COMPILE_CACHE'] ?? '', /^\/tmp\//);
  });

  test('no install script runs, and no development dependency is installed', () => {
    const install = stages[0]?.steps.find(({ text }) => text.includes('npm ci'))?.text ?? '';
    assert.match(install, /npm ci --omit=dev --include=optional --ignore-scripts/);
  });
});
