// The model as it was published, row by row: what a worker that starts late, or again after a fault, is given.
import type { Certificate, CertificateKey } from '../model/certificate.ts';
import type { ModelDelta } from '../model/delta.ts';
import type { HostName, VirtualHost } from '../model/route.ts';
import type { Settings } from '../model/settings.ts';
import type { UpstreamSecret, UpstreamSecretKey } from '../model/upstream-tls.ts';
import type { Upstream, UpstreamKey } from '../model/upstream.ts';

export class ModelState {
  readonly hosts = new Map<HostName, VirtualHost>();
  readonly upstreams = new Map<UpstreamKey, Upstream>();
  readonly certificates = new Map<CertificateKey, Certificate>();
  readonly upstreamSecrets = new Map<UpstreamSecretKey, UpstreamSecret>();
  #settings: Settings | undefined;

  /** Undefined before the first delta. */
  get settings(): Settings | undefined {
    return this.#settings;
  }

  apply(delta: ModelDelta): void {
    if (delta.settings !== undefined) this.#settings = delta.settings;
    for (const host of delta.hosts) this.hosts.set(host.name, host);
    for (const name of delta.removedHosts) this.hosts.delete(name);
    for (const upstream of delta.upstreams) this.upstreams.set(upstream.key, upstream);
    for (const key of delta.removedUpstreams) this.upstreams.delete(key);
    for (const certificate of delta.certificates) this.certificates.set(certificate.key, certificate);
    for (const key of delta.removedCertificates) this.certificates.delete(key);
    for (const secret of delta.upstreamSecrets) this.upstreamSecrets.set(secret.key, secret);
    for (const key of delta.removedUpstreamSecrets) this.upstreamSecrets.delete(key);
  }

  /** Everything, as the difference to nothing. */
  asDelta(): ModelDelta {
    return {
      ...(this.#settings === undefined ? {} : { settings: this.#settings }),
      hosts: [...this.hosts.values()],
      removedHosts: [],
      upstreams: [...this.upstreams.values()],
      removedUpstreams: [],
      certificates: [...this.certificates.values()],
      removedCertificates: [],
      upstreamSecrets: [...this.upstreamSecrets.values()],
      removedUpstreamSecrets: [],
    };
  }
}
