// The objects of the cluster and how they change: a seeded choice of what is written next, noted in the history first, so that no answer
// can be newer than the oracle. Objects that follow each other differ in what they answer.
import type { Random } from '../torture/random.ts';
import { pickNumber, pickOne } from '../torture/random.ts';
import type { ApiServer, GivenObject, ObjectName } from '../support/api-server/start-api-server.ts';
import type { CertificateIssuer, IssuedCertificate } from '../support/certificates.ts';
import { ingress, ingressClass, service } from '../feature/cluster-rig.ts';
import type { History, Kind, States } from './history.ts';
import type { Journal } from './journal.ts';

const SITES = 12;
const SERVICES = 6;
const CERTIFICATES = 24;
/** More than Portico lists at once, in between of the others, so that these are on two pages. */
const STRANGERS = 500;
const kinds: readonly Kind[] = ['ingress', 'ingress', 'ingress', 'service', 'slice', 'slice', 'slice', 'slice', 'secret'];

const names: { readonly [K in Kind]: { readonly apiVersion: string; readonly kind: string } } = {
  ingress: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  service: { apiVersion: 'v1', kind: 'Service' },
  slice: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  secret: { apiVersion: 'v1', kind: 'Secret' },
};

export interface Backend {
  readonly name: string;
  readonly address: string;
}

export interface WorldOptions {
  readonly api: ApiServer;
  readonly history: History;
  readonly journal: Journal;
  readonly random: Random;
  /** All of them listen on the same port. */
  readonly backends: readonly Backend[];
  readonly backendPort: number;
  readonly certificates: readonly IssuedCertificate[];
}

export const hostOf = (site: string): string => `${site}.chaos.test`;

export function issueCertificates(issuer: CertificateIssuer): Promise<IssuedCertificate[]> {
  const numbers = Array.from({ length: CERTIFICATES }, (_, index) => index);
  return Promise.all(numbers.map((index) => issuer.issue({ commonName: `certificate-${index}`, hosts: ['*.chaos.test'] })));
}

export class World {
  readonly sites: readonly string[] = Array.from({ length: SITES }, (_, index) => `site-${index}`);
  readonly #services: readonly string[] = Array.from({ length: SERVICES }, (_, index) => `web-${index}`);
  readonly #options: WorldOptions;
  #written = 0;
  #sentinel: string | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    options.api.put(ingressClass());
    this.#placeStrangers();
    for (const name of this.#services) {
      this.write('service', name, true);
      this.write('slice', name, this.#newBackends([]));
    }
    for (const site of this.sites) {
      if (this.secretOf(site) !== undefined) this.write('secret', site, this.#newCertificate(site));
      this.write('ingress', site, this.#newIngress(site));
    }
  }

  /** Objects that nobody asks for, of every kind that is listed. */
  #placeStrangers(): void {
    const { api } = this.#options;
    for (let index = 0; index < STRANGERS; index++) {
      const [site, name] = [`site-4-${index}`, `web-3-${index}`];
      api.put(ingress({ host: hostOf(site), name: site, service: name, className: 'not-ours' }));
      api.put(service(name));
      api.put(this.#sliceOf(name, []));
    }
  }

  /** How many versions were written. */
  get written(): number {
    return this.#written;
  }

  /** Every second site has TLS, with a Secret of its name. */
  secretOf(site: string): string | undefined {
    return this.sites.indexOf(site) % 2 === 0 ? site : undefined;
  }

  /** Writes one object, or removes it. */
  change(): void {
    const { random } = this.#options;
    const kind = pickOne(random, kinds);
    const name = kind === 'service' || kind === 'slice' ? pickOne(random, this.#services) : pickOne(random, this.sites);
    const before = this.#newestState(kind, name);
    const isRemoved = before !== undefined && random() < 0.2;
    switch (kind) {
      case 'ingress':
        this.write(kind, name, isRemoved ? undefined : this.#newIngress(name));
        return;
      case 'service':
        this.write(kind, name, isRemoved ? undefined : true);
        return;
      case 'slice':
        this.write(kind, name, isRemoved ? undefined : this.#newBackends(this.#newestState('slice', name) ?? []));
        return;
      case 'secret':
        if (this.secretOf(name) !== undefined) this.write(kind, name, isRemoved ? undefined : this.#newCertificate(name));
    }
  }

  /**
   * Writes an Ingress, a Service and its endpoints that nothing was known of before; answers the site. Whoever serves it has every earlier
   * change of these three kinds, for the events of one kind come in order, and in a list it is on the last page.
   */
  placeSentinel(): string {
    const before = this.#sentinel;
    if (before !== undefined)
      for (const kind of ['ingress', 'service', 'slice'] as const) this.#options.api.delete(this.#name(kind, before));
    const name = `z-sentinel-${this.#written}`;
    const { api, backends } = this.#options;
    this.#sentinel = name;
    api.put(service(name));
    api.put(
      this.#sliceOf(
        name,
        backends.slice(0, 1).map((backend) => backend.name),
      ),
    );
    api.put(ingress({ host: hostOf(name), name, service: name }));
    return name;
  }

  /** Writes this version, or removes the object where it is undefined. */
  write<K extends Kind>(kind: K, name: string, state: States[K]): void {
    const { api, history, journal } = this.#options;
    const isThere = api.get(this.#name(kind, name)) !== undefined;
    if (state === undefined && !isThere) return;
    this.#written++;
    history.write(kind, name, state);
    journal.note(`write ${kind} ${name} ${JSON.stringify(state ?? null)}`);
    if (state === undefined) api.delete(this.#name(kind, name));
    else api.put(this.#objectOf(kind, name, state));
  }

  #name(kind: Kind, name: string): ObjectName {
    return { ...names[kind], name: kind === 'slice' ? `${name}-1` : name };
  }

  #newestState<K extends Kind>(kind: K, name: string): States[K] | undefined {
    const { history } = this.#options;
    return history.state(kind, name, history.newest(kind, name));
  }

  #newIngress(site: string): NonNullable<States['ingress']> {
    return {
      service: pickOne(this.#options.random, this.#services),
      marker: `v${this.#written}.${site}.test`,
      secret: this.secretOf(site),
    };
  }

  /** None of those before, so that it shows which are live; sometimes none at all. */
  #newBackends(before: readonly string[]): readonly string[] {
    const { random, backends } = this.#options;
    const others = backends.map(({ name }) => name).filter((name) => !before.includes(name));
    const start = pickNumber(random, others.length);
    return [...others.slice(start), ...others.slice(0, start)].slice(
      0,
      before.length === 0 ? 1 + pickNumber(random, 3) : pickNumber(random, 4),
    );
  }

  #newCertificate(site: string): string {
    const { random, certificates } = this.#options;
    const before = this.#newestState('secret', site);
    return pickOne(
      random,
      certificates.map(({ commonName }) => commonName).filter((name) => name !== before),
    );
  }

  #objectOf<K extends Kind>(kind: K, name: string, state: NonNullable<States[K]>): GivenObject {
    if (kind === 'service') return service(name);
    if (typeof state === 'string') return this.#secretOf(name, state);
    if (Array.isArray(state)) return this.#sliceOf(name, state as readonly string[]);
    const { service: target, marker, secret } = state as NonNullable<States['ingress']>;
    return ingress({
      host: hostOf(name),
      name,
      service: target,
      ...(secret === undefined ? {} : { secretName: secret }),
      annotations: { 'nginx.ingress.kubernetes.io/upstream-vhost': marker, 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' },
    });
  }

  #secretOf(name: string, commonName: string): GivenObject {
    const found = this.#options.certificates.find((certificate) => certificate.commonName === commonName);
    if (found === undefined) throw new RangeError(commonName);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const data = { 'tls.crt': base64(found.certificatePem), 'tls.key': base64(found.privateKeyPem) };
    return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, type: 'kubernetes.io/tls', data };
  }

  #sliceOf(name: string, backendNames: readonly string[]): GivenObject {
    const { backends, backendPort } = this.#options;
    const chosen = backends.filter((backend) => backendNames.includes(backend.name));
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: chosen.map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
      ports: [{ name: 'http', port: backendPort, protocol: 'TCP' }],
    };
  }
}
