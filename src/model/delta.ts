// A delta is the difference between two versions of the model: what the controller publishes and every worker applies in one
// turn of its event loop. Rows are whole: a row in a delta replaces the row of the same key.
import type { Certificate, CertificateKey } from './certificate.ts';
import type { HostName, VirtualHost } from './route.ts';
import type { Settings } from './settings.ts';
import type { UpstreamSecret, UpstreamSecretKey } from './upstream-tls.ts';
import type { Upstream, UpstreamKey } from './upstream.ts';

export interface ModelDelta {
  /** Present when a global setting changed: workers compile every host again. */
  readonly settings?: Settings;
  readonly hosts: readonly VirtualHost[];
  readonly removedHosts: readonly HostName[];
  readonly upstreams: readonly Upstream[];
  readonly removedUpstreams: readonly UpstreamKey[];
  readonly certificates: readonly Certificate[];
  readonly removedCertificates: readonly CertificateKey[];
  readonly upstreamSecrets: readonly UpstreamSecret[];
  readonly removedUpstreamSecrets: readonly UpstreamSecretKey[];
}

export function isEmptyDelta(delta: ModelDelta): boolean {
  return (
    delta.settings === undefined &&
    delta.hosts.length === 0 &&
    delta.removedHosts.length === 0 &&
    delta.upstreams.length === 0 &&
    delta.removedUpstreams.length === 0 &&
    delta.certificates.length === 0 &&
    delta.removedCertificates.length === 0 &&
    delta.upstreamSecrets.length === 0 &&
    delta.removedUpstreamSecrets.length === 0
  );
}
