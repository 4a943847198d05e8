// The flags that say what Portico writes into a cluster, and what it answers to its API server. Part of the registry in flags.ts.
import { ok } from '../kit/result.ts';
import { parseBool } from '../translate/value-parsers.ts';
import { joined } from './flag.ts';
import type { FlagTable } from './flag.ts';
import {
  parseDurationMs,
  parseElectionTtlMs,
  parseLeaseName,
  parseListenAddress,
  parseObjectName,
  parseStatusAddresses,
} from './flag-values.ts';

const cluster = { group: 'Status and events', use: 'serve', isFromIngressNginx: true } as const;
const admission = { group: 'Admission webhook', use: 'serve', isFromIngressNginx: true } as const;

export const clusterFlags = {
  publishService: {
    ...cluster,
    name: 'publish-service',
    placeholder: 'ns/name',
    defaultText: '',
    parse: parseObjectName,
    summary: 'Service whose addresses are written into the status of Ingresses.',
  },
  publishStatusAddress: {
    ...cluster,
    name: 'publish-status-address',
    placeholder: 'addresses',
    defaultText: '',
    parse: parseStatusAddresses,
    append: joined,
    summary: 'Addresses or host names to write into the status of Ingresses, separated by commas. Not together with --publish-service.',
  },
  reportNodeInternalIp: {
    ...cluster,
    name: 'report-node-internal-ip-address',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Without the two flags above, the addresses of nodes are written; this prefers their internal addresses.',
  },
  updateStatus: {
    ...cluster,
    name: 'update-status',
    placeholder: null,
    defaultText: 'true',
    parse: parseBool,
    summary: 'Write the addresses into the status of Ingresses.',
  },
  updateStatusOnShutdown: {
    ...cluster,
    name: 'update-status-on-shutdown',
    placeholder: null,
    defaultText: 'true',
    parse: parseBool,
    summary: 'Take the addresses away again when the last pod ends.',
  },
  statusUpdateIntervalMs: {
    ...cluster,
    name: 'status-update-interval',
    placeholder: 'duration',
    defaultText: '60',
    parse: parseDurationMs,
    summary:
      'Time between two looks at the status of all Ingresses, at least 5 seconds: "60s", "1m", or seconds. Changes do not wait for it.',
  },
  electionId: {
    ...cluster,
    name: 'election-id',
    placeholder: 'name',
    defaultText: 'ingress-controller-leader',
    parse: parseLeaseName,
    summary: 'Name of the Lease in the namespace of the pod by which replicas agree on one that writes status and events.',
  },
  electionTtlMs: {
    ...cluster,
    name: 'election-ttl',
    placeholder: 'duration',
    defaultText: '30s',
    parse: parseElectionTtlMs,
    summary: 'Time after which a leader that does not renew the Lease is given up.',
  },
  disableLeaderElection: {
    ...cluster,
    name: 'disable-leader-election',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Write status and events without a Lease, for a single replica.',
  },
  disableSyncEvents: {
    ...cluster,
    name: 'disable-sync-events',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Write no event "Sync" for each Ingress that was added or changed.',
  },
  validatingWebhook: {
    ...admission,
    name: 'validating-webhook',
    placeholder: 'address',
    defaultText: '',
    parse: parseListenAddress,
    summary: 'Address and port on which the API server may ask whether an Ingress is good, such as ":8443". Empty: there is no webhook.',
  },
  validatingWebhookCertificate: {
    ...admission,
    name: 'validating-webhook-certificate',
    placeholder: 'file',
    defaultText: '',
    parse: ok,
    summary: 'File with the certificate of the webhook, which is read again when it changes.',
  },
  validatingWebhookKey: {
    ...admission,
    name: 'validating-webhook-key',
    placeholder: 'file',
    defaultText: '',
    parse: ok,
    summary: 'File with the key of the certificate of the webhook.',
  },
} as const satisfies Partial<FlagTable>;
