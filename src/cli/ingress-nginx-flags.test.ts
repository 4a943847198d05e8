// Every flag that the controller of ingress-nginx has, as its users write it: `--flag=value`, `--flag value`, and `--flag` for a boolean one.
// Each is taken, or refused by a line of its own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { normaliseArguments } from './arguments.ts';
import { addFlagOptions, readFlagOptions } from './flag-options.ts';
import { flagKeys, flags } from './flags.ts';
import { otherFlags } from './other-flags.ts';

type Outcome = 'taken' | 'noted' | 'refused';

/** Flag, a value that is not its default, and what becomes of it. Boolean flags have the value "true" or "false". */
const table: readonly (readonly [name: string, value: string, outcome: Outcome])[] = [
  ['configmap', 'ingress-nginx/controller', 'taken'],
  ['ingress-class', 'internal', 'taken'],
  ['controller-class', 'example.com/internal', 'taken'],
  ['ingress-class-by-name', 'true', 'taken'],
  ['watch-ingress-without-class', 'true', 'taken'],
  ['watch-namespace', 'shop', 'taken'],
  ['watch-namespace-selector', 'team=shop', 'taken'],
  ['default-backend-service', 'shop/fallback', 'taken'],
  ['default-ssl-certificate', 'shop/wildcard', 'taken'],
  ['publish-service', 'ingress-nginx/controller', 'taken'],
  ['publish-status-address', '192.0.2.1,lb.example.com', 'taken'],
  ['update-status', 'false', 'taken'],
  ['update-status-on-shutdown', 'false', 'taken'],
  ['status-update-interval', '30', 'taken'],
  ['report-node-internal-ip-address', 'true', 'taken'],
  ['election-id', 'leader', 'taken'],
  ['election-ttl', '15s', 'taken'],
  ['disable-leader-election', 'true', 'taken'],
  ['tcp-services-configmap', 'ingress-nginx/tcp', 'taken'],
  ['udp-services-configmap', 'ingress-nginx/udp', 'taken'],
  ['http-port', '8080', 'taken'],
  ['https-port', '8443', 'taken'],
  ['healthz-port', '10255', 'taken'],
  ['healthz-host', '127.0.0.1', 'taken'],
  ['health-check-path', '/live', 'taken'],
  ['health-check-timeout', '5', 'noted'],
  ['default-server-port', '8182', 'noted'],
  ['ssl-passthrough-proxy-port', '444', 'noted'],
  ['status-port', '10250', 'noted'],
  ['stream-port', '10251', 'noted'],
  ['profiling', 'false', 'noted'],
  ['profiler-port', '10252', 'noted'],
  ['profiler-address', '0.0.0.0', 'noted'],
  ['enable-ssl-passthrough', 'true', 'refused'],
  ['enable-ssl-chain-completion', 'true', 'noted'],
  ['enable-metrics', 'true', 'taken'],
  ['metrics-per-host', 'false', 'taken'],
  ['metrics-per-undefined-host', 'true', 'taken'],
  ['report-status-classes', 'true', 'taken'],
  ['exclude-socket-metrics', 'nginx_ingress_controller_bytes_sent,request_size', 'taken'],
  ['time-buckets', '0.1,1,10', 'taken'],
  ['length-buckets', '100,1000', 'taken'],
  ['size-buckets', '1000,1e+06', 'taken'],
  ['bucket-factor', '1.1', 'noted'],
  ['max-buckets', '50', 'noted'],
  ['monitor-max-batch-size', '500', 'noted'],
  ['validating-webhook', ':8443', 'taken'],
  ['validating-webhook-certificate', '/certs/cert', 'taken'],
  ['validating-webhook-key', '/certs/key', 'taken'],
  ['disable-full-test', 'true', 'noted'],
  ['annotations-prefix', 'example.com', 'taken'],
  ['enable-annotation-validation', 'false', 'noted'],
  ['deep-inspect', 'false', 'taken'],
  ['disable-catch-all', 'true', 'taken'],
  ['disable-svc-external-name', 'true', 'taken'],
  ['enable-topology-aware-routing', 'true', 'taken'],
  ['shutdown-grace-period', '5', 'taken'],
  ['post-shutdown-grace-period', '5', 'taken'],
  ['sync-period', '10m', 'noted'],
  ['sync-rate-limit', '1', 'noted'],
  ['dynamic-configuration-retries', '3', 'noted'],
  ['disable-sync-events', 'true', 'taken'],
  ['maxmind-mirror', 'http://mirror.example', 'noted'],
  ['maxmind-license-key', 'key', 'noted'],
  ['maxmind-edition-ids', 'GeoLite2-City', 'noted'],
  ['maxmind-retries-count', '2', 'noted'],
  ['maxmind-retries-timeout', '1s', 'noted'],
  ['internal-logger-address', '127.0.0.1:5140', 'noted'],
  ['kubeconfig', '/etc/kubeconfig', 'taken'],
  ['apiserver-host', 'https://192.0.2.1:6443', 'taken'],
  ['certificate-authority', '/etc/ca.crt', 'taken'],
  ['v', '3', 'taken'],
  ['logtostderr', 'false', 'noted'],
  ['alsologtostderr', 'true', 'noted'],
  ['stderrthreshold', '1', 'noted'],
  ['vmodule', 'controller=4', 'noted'],
  ['log_dir', '/tmp', 'noted'],
  ['log_file', '/tmp/log', 'noted'],
  ['log_file_max_size', '10', 'noted'],
  ['log_backtrace_at', 'main.go:1', 'noted'],
  ['add_dir_header', 'true', 'noted'],
  ['skip_headers', 'true', 'noted'],
  ['skip_log_headers', 'true', 'noted'],
  ['one_output', 'true', 'noted'],
];

interface Reading {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
  readonly options: object;
}

function read(...given: readonly string[]): Reading {
  const { args, notes, problems } = normaliseArguments(given);
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => undefined });
  addFlagOptions(command, flagKeys);
  command.parse([...args], { from: 'user' });
  const outcome = problems.length > 0 ? 'refused' : notes.length > 0 ? 'noted' : 'taken';
  return { outcome, lines: [...problems, ...notes], options: readFlagOptions(command) };
}

describe('a command line for ingress-nginx', () => {
  const defaults = read().options;

  it('has in the table every flag of ours that it has, and every other one', () => {
    const names = table.map(([name]) => name);
    const known = [...flagKeys.filter((key) => flags[key].isFromIngressNginx).map((key) => flags[key].name), ...otherFlags.keys()];
    assert.deepEqual(names.toSorted(), known.toSorted());
  });

  for (const [name, value, outcome] of table) {
    const isBoolean = value === 'true' || value === 'false';
    const isTaken = (reading: Reading): void => {
      assert.equal(reading.outcome, outcome);
      if (outcome === 'taken') assert.notDeepEqual(reading.options, defaults);
      else assert.ok(reading.lines.length === 1 && reading.lines[0]?.startsWith(`--${name} `), reading.lines.join());
    };

    it(`--${name}=${value} is ${outcome}`, () => isTaken(read(`--${name}=${value}`)));

    if (value === 'true') it(`--${name} is ${outcome}`, () => isTaken(read(`--${name}`)));
    if (!isBoolean) {
      it(`--${name} ${value} is ${outcome}`, () => isTaken(read(`--${name}`, value)));
      it(`--${name} without a value is no start`, () => {
        const wasRefused = (): boolean => read(`--${name}`).outcome === 'refused';
        if (otherFlags.has(name)) assert.ok(wasRefused());
        else assert.throws(wasRefused, /argument missing/);
      });
    } else {
      it(`--${name}=maybe is no start`, () => {
        const wasRefused = (): boolean => read(`--${name}=maybe`).outcome === 'refused';
        if (otherFlags.has(name)) assert.ok(wasRefused());
        else assert.throws(wasRefused, /is neither "true" nor "false"/);
      });
    }
  }

  it('says nothing about a flag that has its default', () => {
    for (const { name, defaultText } of otherFlags.values()) {
      assert.deepEqual(read(`--${name}=${defaultText}`).lines, [], name);
    }
    for (const arg of ['--bucket-factor=0.0', '--profiling', '--enable-ssl-passthrough=F', '--enable-annotation-validation=1']) {
      assert.deepEqual(read(arg).lines, [], arg);
    }
  });
});
