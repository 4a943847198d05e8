// The surroundings of one controller: its directory of objects, ports and probe, and the process itself. Cases without arguments share a
// process; a case with arguments gets one of its own.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateIssuer } from '../support/certificates.ts';
import type { FreePorts } from '../support/free-ports.ts';
import { ControllerProcess } from './controller-process.ts';
import type { ControllerPorts } from './controller-process.ts';
import { createManifestDirectory } from './object-sink.ts';
import type { ObjectSink } from './object-sink.ts';
import { ReadinessProbe } from './readiness-probe.ts';

export interface WorldOptions {
  readonly directory: string;
  readonly command: readonly string[];
  readonly freePorts: FreePorts;
  readonly issuer: CertificateIssuer;
  /** A loopback address that nothing else uses. */
  readonly nextAddress: () => string;
}

export class World {
  readonly options: WorldOptions;
  readonly sink: ObjectSink;
  readonly ports: ControllerPorts;
  readonly probe: ReadinessProbe;
  #controller: ControllerProcess | undefined;

  private constructor(options: WorldOptions, parts: { sink: ObjectSink; ports: ControllerPorts; probe: ReadinessProbe }) {
    this.options = options;
    this.sink = parts.sink;
    this.ports = parts.ports;
    this.probe = parts.probe;
  }

  static async create(options: WorldOptions): Promise<World> {
    await mkdir(options.directory, { recursive: true });
    const { freePorts } = options;
    const ports = { http: await freePorts.take(), https: await freePorts.take(), health: await freePorts.take() };
    const sink = await createManifestDirectory(join(options.directory, 'objects'));
    return new World(options, { sink, ports, probe: await ReadinessProbe.start(options.nextAddress()) });
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
      command: this.options.command,
      sourceArgs: this.sink.controllerArgs,
      ports: this.ports,
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
  }
}
