// For tests and benchmarks: an exchange record with ordinary values, any of which can be replaced.
import type { MetricsSettings } from '../model/settings.ts';
import type { ExchangeRecord } from './exchange-record.ts';

export interface RecordOverrides extends Partial<Omit<ExchangeRecord, 'requestHeader' | 'responseHeader'>> {
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

export function createRecord(overrides: RecordOverrides = {}): ExchangeRecord {
  const { requestHeaders = {}, responseHeaders = {}, ...rest } = overrides;
  return {
    labels: { namespace: 'default', ingress: 'shop', service: 'web', servicePort: '80', path: '/app' },
    host: 'shop.test',
    isHostDefined: true,
    isDefaultBackend: false,
    isLogged: true,
    errorCode: undefined,
    clientAddress: '192.0.2.7',
    clientPort: 51234,
    method: 'GET',
    target: '/app/deep?x=1',
    protocol: 'HTTP/1.1',
    scheme: 'http',
    remoteUser: '',
    requestId: 'f3a1',
    status: 200,
    requestBytes: 95,
    sentBytes: 1234,
    sentBodyBytes: 1000,
    startedAtMs: Date.UTC(2026, 10, 24, 18, 47, 0, 123),
    durationSeconds: 0.012,
    upstreamName: 'default-web-80',
    alternativeUpstreamName: '',
    attempts: [
      { address: '10.0.0.1:8080', status: 200, responseBytes: 1000, connectSeconds: 0.001, headerSeconds: 0.007, responseSeconds: 0.011 },
    ],
    uri: () => '/app/deep',
    ...rest,
    requestHeader: (name) => requestHeaders[name] ?? '',
    responseHeader: (name) => responseHeaders[name] ?? '',
  };
}

export function createMetricsSettings(overrides: Partial<MetricsSettings> = {}): MetricsSettings {
  return {
    isEnabled: true,
    perHost: true,
    perUndefinedHost: false,
    statusClasses: false,
    timeBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    lengthBuckets: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    sizeBuckets: [10, 100, 1000, 1e4, 1e5, 1e6, 1e7],
    excluded: [],
    maxSeries: 10_000,
    ...overrides,
  };
}
