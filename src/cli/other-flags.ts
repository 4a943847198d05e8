// Flags of ingress-nginx that Portico does not have, so that a command line written for ingress-nginx gets an answer that fits: a note
// where the flag has no meaning here, an error that says so where it asks for something that is missing.

export type OtherFlag = {
  readonly name: string;
  /** A boolean flag never takes the next argument as its value. */
  readonly isBoolean: boolean;
} & ({ readonly kind: 'no-effect'; readonly reason: string } | { readonly kind: 'not-supported'; readonly instead: string });

const NO_NGINX = 'there is no nginx behind Portico';
const NO_GEOIP = 'there are no databases of places';
const NO_RELOAD = 'Portico never reloads';

const rows: readonly OtherFlag[] = [
  noEffect('default-server-port', NO_NGINX),
  noEffect('status-port', NO_NGINX),
  noEffect('stream-port', NO_NGINX),
  noEffect('ssl-passthrough-proxy-port', NO_NGINX),
  noEffect('internal-logger-address', NO_NGINX),
  noEffect('health-check-timeout', NO_NGINX),
  noEffect('dynamic-configuration-retries', NO_NGINX),
  noEffect('monitor-max-batch-size', NO_NGINX),
  noEffect('sync-period', NO_RELOAD),
  noEffect('sync-rate-limit', NO_RELOAD),
  noEffect('disable-full-test', NO_RELOAD, true),
  noEffect('maxmind-license-key', NO_GEOIP),
  noEffect('maxmind-edition-ids', NO_GEOIP),
  noEffect('maxmind-mirror', NO_GEOIP),
  noEffect('maxmind-retries-count', NO_GEOIP),
  noEffect('maxmind-retries-timeout', NO_GEOIP),
  noEffect('profiling', 'Node has its own profiler', true),
  noEffect('profiler-port', 'Node has its own profiler'),
  noEffect('profiler-address', 'Node has its own profiler'),
  notSupported('bucket-factor', 'Histograms have the fixed bounds of `--time-buckets`, `--length-buckets` and `--size-buckets`'),
  notSupported('enable-annotation-validation', 'Annotations are always validated: leave it out', true),
  notSupported('enable-ssl-chain-completion', 'Put the intermediate certificates into the Secret, behind that of the host', true),
  notSupported('enable-ssl-passthrough', 'TLS passthrough is not there yet', true),
  notSupported('enable-topology-aware-routing', 'All endpoints of a Service are used: leave it out', true),
  notSupported('max-buckets', 'Histograms have the fixed bounds of `--time-buckets`, `--length-buckets` and `--size-buckets`'),
];

export const otherFlags: ReadonlyMap<string, OtherFlag> = new Map(rows.map((row) => [row.name, row]));

function noEffect(name: string, reason: string, isBoolean = false): OtherFlag {
  return { kind: 'no-effect', name, isBoolean, reason };
}

/** `instead`: a sentence without full stop. */
function notSupported(name: string, instead: string, isBoolean = false): OtherFlag {
  return { kind: 'not-supported', name, isBoolean, instead };
}
