// The surroundings of one controller: its directory of objects, ports and probe, and the process itself. Cases without arguments share a
// process; a case with arguments gets one of its own.
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateIssuer } from '../support/certificates.ts';
import { startDnsServer } from '../support/dns-server.ts';
import type { DnsServer } from '../support/dns-server.ts';
import type { FreePorts } from '../support/free-ports.ts';
import { ControllerProcess } from './controller-process.ts';
import type { ControllerPorts } from './controller-process.ts';
import type { ObjectSink } from './object-sink.ts';
import { ReadinessProbe } from './readiness-probe.ts';

export interface WorldOptions {
  readonly directory: string;
  readonly command: readonly string[];
  readonly freePorts: FreePorts;
  readonly issuer: CertificateIssuer;
  /** Where the objects of cases go; `directory` is empty and the sink's own. */
  readonly createSink: (directory: string) => Promise<ObjectSink>;
  /** A loopback address that nothing else uses. */
  readonly nextAddress: () => string;
  /** False where the runner may not give a process its own /etc/resolv.conf; cases with names to resolve cannot be run then. */
  readonly canSetResolver: boolean;
}

/** What the admission webhook shows. */
export interface WebhookCertificate {
  readonly pem: string;
  /** Files with it and its key. */
  readonly certificate: string;
  readonly key: string;
}

const OWN_RESOLVER = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"'];

/** Whether the runner may give a process its own /etc/resolv.conf; that takes Linux and the right to make mount namespaces. */
export function canSetResolver(): boolean {
  return process.platform === 'linux' && spawnSync('unshare', ['--mount', 'mount', '--bind', '/dev/null', '/etc/resolv.conf']).status === 0;
}

export class World {
  readonly options: WorldOptions;
  readonly sink: ObjectSink;
  readonly ports: ControllerPorts;
  readonly webhook: WebhookCertificate;
  readonly probe: ReadinessProbe;
  /** Address of a host name, for the controller's resolver. Set by the case that runs. */
  addressOf: (name: string) => string | undefined = () => undefined;
  #controller: ControllerProcess | undefined;
  #dns: DnsServer | undefined;

  private constructor(options: WorldOptions, parts: Pick<World, 'sink' | 'ports' | 'webhook' | 'probe'>) {
    this.options = options;
    this.sink = parts.sink;
    this.ports = parts.ports;
    this.webhook = parts.webhook;
    this.probe = parts.probe;
  }

  static async create(options: WorldOptions): Promise<World> {
    await mkdir(options.directory, { recursive: true });
    const { freePorts } = options;
    const ports = {
      http: await freePorts.take(),
      https: await freePorts.take(),
      health: await freePorts.take(),
      admission: await freePorts.take(),
    };
    const webhook = await issueWebhookCertificate(options);
    const sink = await options.createSink(join(options.directory, 'objects'));
    const world = new World(options, { sink, ports, webhook, probe: await ReadinessProbe.start(options.nextAddress()) });
    if (options.canSetResolver) await world.#startResolver();
    return world;
  }

  /** The process that runs and takes cases without arguments; undefined if one has to be started. */
  get sharedController(): ControllerProcess | undefined {
    const controller = this.#controller;
    return controller !== undefined && controller.ending === undefined && controller.args.length === 0 ? controller : undefined;
  }

  /** Starts a process in place of the one that runs. */
  async startController(args: readonly string[]): Promise<ControllerProcess> {
    await this.stopController();
    const controller = new ControllerProcess({
      command: this.#command(),
      sourceArgs: this.sink.controllerArgs,
      ports: this.ports,
      webhook: this.webhook,
      args,
    });
    this.#controller = controller;
    await controller.waitUntilListening();
    return controller;
  }

  async stopController(): Promise<void> {
    await this.#controller?.kill();
    this.#controller = undefined;
  }

  async close(): Promise<void> {
    await this.stopController();
    await this.probe.close();
    await this.#dns?.close();
    await this.sink.close?.();
  }

  async #startResolver(): Promise<void> {
    this.#dns = await startDnsServer({ host: this.options.nextAddress(), port: 53 }, (name) => this.addressOf(name));
    await writeFile(this.#resolverFile(), `nameserver ${this.#dns.host}\noptions timeout:1 attempts:1\n`);
  }

  #resolverFile(): string {
    return join(this.options.directory, 'resolv.conf');
  }

  /** Runs the program with a resolver of its own, in a mount namespace, where that is possible. */
  #command(): readonly string[] {
    if (this.#dns === undefined) return this.options.command;
    return [...OWN_RESOLVER, this.#resolverFile(), ...this.options.command];
  }
}

async function issueWebhookCertificate({ issuer, directory }: WorldOptions): Promise<WebhookCertificate> {
  const issued = await issuer.issue({ commonName: 'webhook', hosts: ['127.0.0.1'] });
  const certificate = join(directory, 'webhook.crt');
  const key = join(directory, 'webhook.key');
  await writeFile(certificate, issued.certificatePem);
  await writeFile(key, issued.privateKeyPem);
  return { pem: issued.certificatePem, certificate, key };
}
