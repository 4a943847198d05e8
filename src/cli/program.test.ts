import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { normaliseArguments } from './arguments.ts';
import { addFlagOptions, readFlagOptions } from './flag-options.ts';
import { flagKeys } from './flags.ts';
import { createProgram } from './program.ts';
import { findConflict } from './serve.ts';
import { Command } from 'commander';
import type { ServeOptions } from '../controller/serve-options.ts';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));

function run(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(launcher, args, { encoding: 'utf8', cwd: tmpdir() });
}

function parse(...args: readonly string[]): ServeOptions {
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => undefined });
  addFlagOptions(command, flagKeys);
  command.parse([...normaliseArguments(args).args], { from: 'user' });
  return readFlagOptions(command);
}

describe('flags in the style of Go', () => {
  it('fills in the defaults', () => {
    const options = parse('--manifests', 'a');
    assert.deepEqual(options.manifests, ['a']);
    assert.equal(options.httpPort, 80);
    assert.equal(options.metricsPerHost, true);
    assert.equal(options.watchNamespace, undefined);
    assert.equal(options.postShutdownGracePeriodMs, 10_000);
  });

  it('takes boolean flags with and without value, and never the next argument as one', () => {
    assert.equal(parse('--disable-catch-all').disableCatchAll, true);
    assert.equal(parse('--disable-catch-all=false').disableCatchAll, false);
    assert.equal(parse('--metrics-per-host=F').metricsPerHost, false);
    assert.deepEqual(normaliseArguments(['check', '--disable-catch-all', 'dir']).args, ['check', '--disable-catch-all=true', 'dir']);
  });

  it('collects repeated flags and lists', () => {
    const options = parse('--manifests=a', '--manifests', 'b,c', '--exclude-socket-metrics=x,y', '--exclude-socket-metrics=z');
    assert.deepEqual(options.manifests, ['a', 'b,c']);
    assert.deepEqual(options.excludeSocketMetrics, ['x', 'y', 'z']);
  });

  it('takes the verbosity in every form', () => {
    for (const args of [['-v', '3'], ['-v=3'], ['-v3'], ['--v=3'], ['--v', '3']]) assert.equal(parse(...args).verbosity, 3, args.join(' '));
  });

  it('refuses unknown flags and bad values', () => {
    assert.throws(() => parse('--http-prt=80'), /unknown option/);
    assert.throws(() => parse('--http-port=http'), /is not a whole number/);
  });

  it('leaves out flags of ingress-nginx without meaning, but not behind --', () => {
    const { args, notes, problems } = normaliseArguments(['serve', '--sync-period', '30s', '--max-buckets=3', '--', '--sync-period']);
    assert.deepEqual(args, ['serve', '--', '--sync-period']);
    assert.equal(notes.length, 2);
    assert.deepEqual(problems, []);
  });

  it('finds options that exclude each other', () => {
    assert.equal(findConflict(parse()), undefined);
    assert.match(findConflict(parse('--manifests=a', '--kubeconfig=b')) ?? '', /--kubeconfig and --manifests exclude each other/);
    assert.match(findConflict(parse('--manifests=a', '--watch-namespace=a', '--watch-namespace-selector=b')) ?? '', /exclude each other/);
    assert.match(findConflict(parse('--manifests=a', '--http-port=8080', '--https-port=8080')) ?? '', /must differ/);
    assert.equal(findConflict(parse('--manifests=a', '--http-port=0', '--https-port=0')), undefined);
  });
});

describe('the launcher', () => {
  it('runs from another directory and through a symbolic link', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-launcher-'));
    try {
      symlinkSync(launcher, join(folder, 'first'));
      symlinkSync('first', join(folder, 'second'));
      const result = spawnSync(join(folder, 'second'), ['version'], { encoding: 'utf8', cwd: folder });
      assert.match(result.stdout, /^portico \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+, [a-z0-9]+-[a-z0-9]+\)\n$/);
      assert.equal(result.status, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('helps with every command', () => {
    for (const command of createProgram().commands) {
      const { status, stdout } = run(command.name(), '--help');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`Usage: portico ${command.name()}`));
    }
  });

  it('says how to name a source of objects where there is none', () => {
    const result = run('serve', '--http-port=0', '--https-port=0', '--healthz-port=0');
    assert.equal(result.status, 1);
    assert.match(result.stderr + result.stdout, /--kubeconfig FILE, --apiserver-host ADDRESS or --manifests PATH/);
  });

  it('ends with 2 and a suggestion where the command line is wrong', () => {
    const option = run('serve', '--htp-port=1');
    assert.equal(option.status, 2);
    assert.match(option.stderr, /Did you mean --http-port\?/);
    const command = run('serv');
    assert.equal(command.status, 2);
    assert.match(command.stderr, /Did you mean serve\?/);
    assert.equal(run('serve', '--manifests=a', '--snapshot=b').status, 2);
  });
});
