// Reads the controller's ConfigMap by the registry into settings of the data plane and defaults of annotations. Every key starts from
// its default, so that removing a key or the whole ConfigMap gives the default back; nothing unknown or invalid passes in silence.
import { assertNever } from '../../kit/assert-never.ts';
import type { ConfigMap } from '../../resources/objects.ts';
import { keyPath } from '../../resources/field-path.ts';
import { bufferParameters } from '../annotations/buffering.ts';
import { withNonIdempotent } from '../annotations/next-upstream.ts';
import { bandwidthOf } from '../annotations/rate-limits.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { nearestName } from '../nearest-name.ts';
import type { TranslatorOptions } from '../options.ts';
import { emptyDraft } from './config-draft.ts';
import { listenHosts } from './listen-hosts.ts';
import { configRows, configRowsByKey } from './registry.ts';
import type { ConfigDraft, ConfigRow, ControllerConfig } from './row.ts';

export interface ConfigReading {
  readonly config: ControllerConfig;
  readonly findings: readonly Finding[];
}

const KIB = 1024;
/** nginx's defaults of the two buffer keys, for the one that is not set. */
const NGINX_HEADER_BUFFER_BYTES = KIB;
const NGINX_LARGE_BUFFERS = { count: 4, bytes: 8 * KIB };

/** `configMap` undefined: all defaults. */
export function readConfigMap(configMap: ConfigMap | undefined, options: TranslatorOptions): ConfigReading {
  const draft = defaultDraft(options);
  const findings: Finding[] = [];
  for (const [key, rawText] of configMap?.data ?? []) {
    if (configMap === undefined) break;
    const row = configRowsByKey.get(key);
    const problem = row === undefined ? unknownKey(key) : readKey(row, rawText.trim(), draft);
    if (problem !== undefined) findings.push(finding(problem.code, problem.message, configMap, keyPath('data', key)));
  }
  const config = finish(draft, options);
  if (configMap !== undefined && config.settings.tracing.isEnabled && !config.routing.hasCollector) {
    const message = 'there is no otlp-collector-host: the context of traces is passed on, but spans go nowhere';
    findings.push(finding('PRT-CONF-2', message, configMap, keyPath('data', 'enable-opentelemetry')));
  }
  return { config, findings };
}

interface Problem {
  readonly code: Finding['code'];
  readonly message: string;
}

function unknownKey(key: string): Problem {
  const meant = nearestName(key, configRowsByKey.keys());
  return { code: 'PRT-CONF-1', message: `no key ${key} exists${meant === undefined ? '' : `; did you mean ${meant}?`}` };
}

function readKey(row: ConfigRow, text: string, draft: ConfigDraft): Problem | undefined {
  const { status } = row;
  if (text === row.defaultText) return undefined;
  switch (status.kind) {
    case 'supported': {
      const error = status.read(text, draft);
      if (error === undefined) return undefined;
      if (status.onInvalid === 'default') return { code: 'PRT-CONF-2', message: `the value ${error}` };
      draft.routing.missingProtections.push(row.key);
      return { code: 'PRT-CONF-6', message: `the value ${error}: all paths answer 503 rather than be open` };
    }
    case 'not-yet':
      if (status.without === 'serve') {
        const reason = status.reason === '' ? '' : `: ${status.reason}`;
        return { code: 'PRT-CONF-7', message: `${row.key} is not supported yet and has no effect${reason}` };
      }
      draft.routing.missingProtections.push(row.key);
      return { code: 'PRT-CONF-6', message: `${row.key} is not supported yet: all paths answer 503 rather than be open` };
    case 'no-effect':
      return { code: 'PRT-CONF-3', message: `${row.key} has no effect: ${status.reason}` };
    default:
      return assertNever(status);
  }
}

/** A draft in which every supported key has its default. */
function defaultDraft(options: TranslatorOptions): ConfigDraft {
  const draft = emptyDraft(options);
  for (const { key, defaultText, status } of configRows) {
    if (status.kind !== 'supported' || defaultText === '') continue;
    const error = status.read(defaultText, draft);
    if (error !== undefined) throw new Error(`the default of ${key} ${error}`);
  }
  return draft;
}

/** Works out what several keys decide together. */
/** Of one worker: a volume that is larger than its limit is the end of the pod, so an eighth stays free for what else is written. */
function fileShareBytes({ tmpSizeLimitBytes, workers }: TranslatorOptions): number {
  return tmpSizeLimitBytes === 0 ? Infinity : Math.floor((tmpSizeLimitBytes * 7) / 8 / Math.max(1, workers));
}

function finish({ settings, routing, pending }: ConfigDraft, options: TranslatorOptions): ControllerConfig {
  const { nextUpstream } = pending;
  settings.proxy.nextUpstream = [...(routing.retryNonIdempotent ? withNonIdempotent(nextUpstream) : nextUpstream)];
  Object.assign(settings.proxy, bufferParameters(routing.buffering), { bandwidth: bandwidthOf({}, routing) });
  settings.bufferBounds.fileBytes = Math.min(settings.bufferBounds.fileBytes, fileShareBytes(options));
  settings.client.connections = pending.connectionsPerWorker * Math.max(1, options.workers);
  settings.log.enabled = !pending.isAccessLogDisabled && !pending.isHttpAccessLogDisabled;
  routing.statusAddresses = [...pending.statusAddressesIpv4, ...(pending.isIpv6Disabled ? [] : pending.statusAddressesIpv6)];
  settings.listenOn = listenHosts(pending.bindAddresses, !pending.isIpv6Disabled);
  settings.tls.resumesSessions = pending.hasSessionTickets || pending.hasSessionCache;
  settings.tls.ticketKey = pending.hasSessionTickets ? pending.ticketKey : '';
  settings.log.escape = pending.isLogUnescaped ? 'none' : pending.isLogEscapedAsJson ? 'json' : 'default';
  if (pending.headerBufferBytes !== undefined || pending.largeHeaderBuffers !== undefined) {
    const small = pending.headerBufferBytes ?? NGINX_HEADER_BUFFER_BYTES;
    const large = pending.largeHeaderBuffers ?? NGINX_LARGE_BUFFERS;
    // nginx takes a large buffer for a line that does not fit into the first one.
    const lineBytes = Math.max(small, large.bytes);
    settings.client.requestLineBytes = lineBytes;
    settings.client.fieldBytes = lineBytes;
    settings.client.headBytes = small + large.count * large.bytes;
  }
  return { settings, routing };
}
