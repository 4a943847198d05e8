// The draft that the keys of the ConfigMap are written into. Values that no key sets are final here; those of keys are placeholders
// until the reader has put in the defaults that the registry gives.
import type { TranslatorOptions } from '../options.ts';
import type { ConfigDraft } from './row.ts';

const KIB = 1024;
/** Limits of request heads while no buffer key is set: larger than nginx's, with the same answers (414, 431). */
const HEAD_LIMITS = { requestLineBytes: 16 * KIB, headBytes: 64 * KIB, fieldBytes: 32 * KIB, fields: 128 };

export function emptyDraft(options: TranslatorOptions): ConfigDraft {
  return { settings: emptySettings(options), routing: emptyRouting(), pending: emptyPending() };
}

function emptySettings(options: TranslatorOptions): ConfigDraft['settings'] {
  return {
    ports: { ...options.ports },
    listenOn: [],
    proxy: emptyProxy(),
    bufferBounds: { memoryBytes: 0, fileBytes: 0 },
    upstreamKeepalive: { connections: 0, idleTimeoutMs: 0, lifetimeMs: 0, requests: 0 },
    client: {
      headerTimeoutMs: 0,
      bodyTimeoutMs: 0,
      bodyMinBytesPerSecond: 500,
      sendTimeoutMs: 60_000,
      keepAliveMs: 0,
      keepAliveRequests: 0,
      tlsHandshakeTimeoutMs: 10_000,
      ...HEAD_LIMITS,
      connections: 0,
      drainMs: 0,
    },
    forwarded: {
      useForwardedHeaders: false,
      enableRealIp: false,
      useProxyProtocol: false,
      trustedCidrs: [],
      forHeader: '',
      hostHeader: '',
      forProxyProtocolHeader: '',
      computeFullForwardedFor: false,
      addOriginalUriHeader: false,
      generateRequestId: true,
    },
    tls: {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: '',
      ecdhCurve: '',
      rejectUnknownHosts: false,
      resumesSessions: true,
      ticketKey: '',
      sessionTimeoutSeconds: 0,
    },
    hsts: { enabled: true, maxAgeSeconds: 0, includeSubdomains: true, preload: false },
    log: { enabled: true, format: options.logFormat, textFormat: '', escape: 'default', skipUrls: [], defaultBackend: false },
    authService: { maxWaiting: 0, onFailure: 'refuse' },
    logsAuthRequests: false,
    serverTokens: false,
    allowBackendServerHeader: false,
    compression: { codings: { br: noCoding(), zstd: noCoding(), gzip: noCoding() }, gzipDisabledAgents: '' },
    limits: { requestStatus: 503, connectionStatus: 503, clientKey: '' },
    hideHeaders: [],
    addHeaders: [],
    proxySetHeaders: [],
    blocked: { cidrs: [], userAgents: [], referers: [] },
    underscoresInHeaders: false,
    relativeRedirects: false,
    usePortInRedirects: false,
    errorHeader: true,
    pathForwarding: 'safe',
    tracing: {
      isEnabled: false,
      operationName: '',
      trustsIncoming: true,
      sampling: { sampler: 'AlwaysOn', ratio: 0, isParentBased: true },
      spanExport: { host: '', port: 0, serviceName: '', maxQueueSize: 0, scheduleDelayMs: 0, maxBatchSize: 0 },
    },
    resolvesIpv4Only: false,
    metrics: {
      ...options.metrics,
      timeBuckets: [...options.metrics.timeBuckets],
      lengthBuckets: [...options.metrics.lengthBuckets],
      sizeBuckets: [...options.metrics.sizeBuckets],
      excluded: [...options.metrics.excluded],
    },
  };
}

function emptyProxy(): ConfigDraft['settings']['proxy'] {
  return {
    connectTimeoutMs: 0,
    sendTimeoutMs: 0,
    readTimeoutMs: 0,
    nextUpstream: [],
    nextUpstreamTries: 0,
    nextUpstreamTimeoutMs: 0,
    bodySizeBytes: 0,
    requestBuffer: null,
    responseBuffer: null,
    bandwidth: null,
    responseHeadBytes: 0,
  };
}

function noCoding(): ConfigDraft['settings']['compression']['codings']['br'] {
  return { isEnabled: false, level: 0, minBytes: 0, types: [] };
}

function emptyRouting(): ConfigDraft['routing'] {
  return {
    sslRedirect: true,
    forceSslRedirect: false,
    preserveTrailingSlash: false,
    portInRedirects: false,
    redirectCode: 308,
    noTlsRedirectLocations: [],
    serviceUpstream: false,
    loadBalance: 'round_robin',
    retryNonIdempotent: false,
    proxySslLocationOnly: false,
    allowsCrossNamespace: false,
    strictPathTypes: true,
    headerMaps: {},
    cookieDomain: 'off',
    cookiePath: 'off',
    redirectFrom: 'off',
    redirectTo: 'off',
    customHttpErrors: [],
    statusAddresses: [],
    passesBackendErrors: false,
    limitRate: 0,
    limitRateAfter: 0,
    snippetVariables: [],
    allowsSnippets: false,
    buffering: {
      buffersRequests: false,
      memoryBytes: 0,
      buffersResponses: false,
      bufferCount: 0,
      bufferBytes: undefined,
      fileBytes: 0,
    },
    firewall: { isEnabled: false, usesCoreRules: false, snippet: '', whenMissing: 'refuse' },
    allowedResponseHeaders: [],
    allowedAddresses: [],
    deniedAddresses: [],
    noAuthLocations: [],
    globalAuth: {},
    hasCollector: false,
    riskLevel: 'High',
    blockedWords: [],
    missingProtections: [],
  };
}

function emptyPending(): ConfigDraft['pending'] {
  return {
    nextUpstream: [],
    connectionsPerWorker: 0,
    headerBufferBytes: undefined,
    largeHeaderBuffers: undefined,
    isAccessLogDisabled: false,
    isHttpAccessLogDisabled: false,
    isLogEscapedAsJson: false,
    isLogUnescaped: false,
    bindAddresses: [],
    statusAddressesIpv4: [],
    statusAddressesIpv6: [],
    isIpv6Disabled: false,
    hasSessionTickets: false,
    hasSessionCache: true,
    ticketKey: '',
  };
}
