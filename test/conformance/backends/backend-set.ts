// The backends of one case: their running endpoints, what they received, and the values that placeholders take from them.
import type { EchoAnswer } from '../../../src/echo/echo-answer.ts';
import type { EchoServerTls } from '../../../src/echo/echo-server.ts';
import type { BackendSpec } from '../case-format.ts';
import { startEndpoint } from './endpoint.ts';
import type { RunningEndpoint } from './endpoint.ts';

export interface BackendSetOptions {
  /** An address that no other endpoint has. */
  readonly nextAddress: () => string;
  /** A port that refuses connections. */
  readonly deadPort: () => Promise<number>;
  /** Certificate and client authority of a TLS backend. */
  readonly tlsOf: (spec: BackendSpec) => Promise<EchoServerTls>;
}

export interface Backend {
  readonly spec: BackendSpec;
  /** Endpoints that are live now, in order. */
  readonly live: readonly RunningEndpoint[];
  readonly unready: readonly RunningEndpoint[];
  readonly dead: readonly { readonly host: string; readonly port: number }[];
}

interface MutableBackend extends Backend {
  live: RunningEndpoint[];
  unready: RunningEndpoint[];
  dead: { host: string; port: number }[];
  /** Every live endpoint ever started; scaling down leaves them running, so that traffic which still goes there is seen. */
  started: RunningEndpoint[];
}

export class BackendSet {
  readonly #options: BackendSetOptions;
  readonly #backends: MutableBackend[] = [];
  readonly #received: EchoAnswer[] = [];

  constructor(options: BackendSetOptions) {
    this.#options = options;
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  async start(specs: readonly BackendSpec[]): Promise<void> {
    for (const spec of specs) {
      const backend: MutableBackend = { spec, live: [], unready: [], dead: [], started: [] };
      this.#backends.push(backend);
      await this.#scaleTo(backend, spec.endpoints);
      for (let index = 0; index < spec.unreadyEndpoints; index++) {
        backend.unready.push(await this.#startEndpoint(spec, `${spec.name}-unready-${index}`));
      }
      for (let index = 0; index < spec.deadEndpoints; index++) {
        backend.dead.push({ host: this.#options.nextAddress(), port: await this.#options.deadPort() });
      }
    }
  }

  /** Changes the number of live endpoints of every backend of that name. */
  async scale(name: string, count: number): Promise<void> {
    const named = this.#backends.filter((backend) => backend.spec.name === name);
    if (named.length === 0) throw new Error(`no backend ${name} to scale`);
    for (const backend of named) await this.#scaleTo(backend, count);
  }

  /** Names of the endpoints that a backend has now. */
  endpointsOf(name: string): string[] {
    return this.#backends
      .filter((backend) => backend.spec.name === name)
      .flatMap((backend) => backend.live.map((endpoint) => endpoint.name));
  }

  /** Value of a placeholder `url.NAME`, `ip.NAME` or `port.NAME`. */
  placeholder(name: string): string | undefined {
    const [what, ...rest] = name.split('.');
    const backend = this.#backends.find((one) => one.spec.name === rest.join('.'));
    const endpoint = backend?.started[0];
    if (backend === undefined || endpoint === undefined) return undefined;
    if (what === 'ip') return endpoint.host;
    if (what === 'port') return String(endpoint.port);
    const isTls = backend.spec.protocol === 'https' || backend.spec.protocol === 'grpcs';
    return what === 'url' ? `${isTls ? 'https' : 'http'}://${endpoint.host}:${endpoint.port}` : undefined;
  }

  /** How many requests were received so far: a mark for `receivedSince`. */
  get receivedCount(): number {
    return this.#received.length;
  }

  receivedSince(mark: number, backend: string): EchoAnswer[] {
    return this.#received.slice(mark).filter((answer) => answer.backend === backend);
  }

  async close(): Promise<void> {
    for (const backend of this.#backends) {
      for (const endpoint of [...backend.started, ...backend.unready]) await endpoint.close();
    }
    this.#backends.length = 0;
  }

  async #scaleTo(backend: MutableBackend, count: number): Promise<void> {
    while (backend.started.length < count) {
      backend.started.push(await this.#startEndpoint(backend.spec, `${backend.spec.name}-${backend.started.length}`));
    }
    backend.live = backend.started.slice(0, count);
  }

  async #startEndpoint(spec: BackendSpec, name: string): Promise<RunningEndpoint> {
    const isTls = spec.protocol === 'https' || spec.protocol === 'grpcs';
    return startEndpoint({
      identity: { backend: spec.name, endpoint: name, namespace: spec.namespace },
      host: this.#options.nextAddress(),
      protocol: spec.protocol,
      tls: isTls ? await this.#options.tlsOf(spec) : undefined,
      expectsProxyProtocol: spec.proxyProtocol,
      onRequest: (answer) => this.#received.push(answer),
    });
  }
}
