// Flags of ingress-nginx that Portico does not have, so that a command line written for ingress-nginx starts where that is safe: a note
// where the flag has no meaning here, an error that says so where going on would do harm. The default value is as good as no flag.
import { parseBool } from '../translate/value-parsers.ts';

export type OtherFlag = {
  readonly name: string;
  /** A boolean flag never takes the next argument as its value. */
  readonly isBoolean: boolean;
  /** In ingress-nginx. */
  readonly defaultText: string;
} & ({ readonly kind: 'no-effect'; readonly reason: string } | { readonly kind: 'not-supported'; readonly instead: string });

const NO_NGINX = 'there is no nginx behind Portico';
const NO_GEOIP = 'there are no databases of places';
const NO_RELOAD = 'Portico never reloads';
const NO_PROFILER = 'Node has its own profiler';
const FIXED_BUCKETS = 'histograms have the fixed bounds of `--time-buckets`, `--length-buckets` and `--size-buckets`';
const NO_KLOG = 'the log is written to standard error, by `--v` and `--log-format`';

const rows: readonly OtherFlag[] = [
  noEffect('default-server-port', '8181', NO_NGINX),
  noEffect('status-port', '10246', NO_NGINX),
  noEffect('stream-port', '10247', NO_NGINX),
  noEffect('ssl-passthrough-proxy-port', '442', NO_NGINX),
  noEffect('internal-logger-address', '127.0.0.1:11514', NO_NGINX),
  noEffect('health-check-timeout', '10', NO_NGINX),
  noEffect('dynamic-configuration-retries', '15', NO_NGINX),
  noEffect('monitor-max-batch-size', '10000', NO_NGINX),
  noEffect('sync-period', '0', NO_RELOAD),
  noEffect('sync-rate-limit', '0.3', NO_RELOAD),
  noEffectSwitch('disable-full-test', 'false', NO_RELOAD),
  noEffect('maxmind-license-key', '', NO_GEOIP),
  noEffect('maxmind-edition-ids', 'GeoLite2-City,GeoLite2-ASN', NO_GEOIP),
  noEffect('maxmind-mirror', '', NO_GEOIP),
  noEffect('maxmind-retries-count', '1', NO_GEOIP),
  noEffect('maxmind-retries-timeout', '0s', NO_GEOIP),
  noEffectSwitch('profiling', 'true', NO_PROFILER),
  noEffect('profiler-port', '10245', NO_PROFILER),
  noEffect('profiler-address', '127.0.0.1', NO_PROFILER),
  noEffect('bucket-factor', '0', FIXED_BUCKETS),
  noEffect('max-buckets', '100', FIXED_BUCKETS),
  noEffectSwitch('enable-annotation-validation', 'true', 'annotations are always validated'),
  noEffectSwitch(
    'enable-ssl-chain-completion',
    'false',
    'missing certificates are not fetched: put the intermediate ones into the Secret, behind that of the host',
  ),
  {
    kind: 'not-supported',
    name: 'enable-ssl-passthrough',
    isBoolean: true,
    defaultText: 'false',
    instead:
      'TLS passthrough is not there yet, and hosts that ask for it would be decrypted: leave the flag out if no Ingress has the annotation ' +
      '`ssl-passthrough`',
  },
  // Those of klog, which ingress-nginx takes too.
  noEffect('log_dir', '', NO_KLOG),
  noEffect('log_file', '', NO_KLOG),
  noEffect('log_file_max_size', '1800', NO_KLOG),
  noEffect('log_backtrace_at', ':0', NO_KLOG),
  noEffect('stderrthreshold', '2', NO_KLOG),
  noEffect('vmodule', '', NO_KLOG),
  noEffectSwitch('logtostderr', 'true', NO_KLOG),
  noEffectSwitch('alsologtostderr', 'false', NO_KLOG),
  noEffectSwitch('add_dir_header', 'false', NO_KLOG),
  noEffectSwitch('skip_headers', 'false', NO_KLOG),
  noEffectSwitch('skip_log_headers', 'false', NO_KLOG),
  noEffectSwitch('one_output', 'false', NO_KLOG),
];

export const otherFlags: ReadonlyMap<string, OtherFlag> = new Map(rows.map((row) => [row.name, row]));

/** Whether the text is the default of the flag, however it is written. */
export function isDefault({ isBoolean, defaultText }: OtherFlag, text: string): boolean {
  if (!isBoolean) return text === defaultText || (text !== '' && defaultText !== '' && Number(text) === Number(defaultText));
  const value = parseBool(text);
  return value.ok && String(value.value) === defaultText;
}

function noEffect(name: string, defaultText: string, reason: string): OtherFlag {
  return { kind: 'no-effect', name, isBoolean: false, defaultText, reason };
}

function noEffectSwitch(name: string, defaultText: 'true' | 'false', reason: string): OtherFlag {
  return { kind: 'no-effect', name, isBoolean: true, defaultText, reason };
}
