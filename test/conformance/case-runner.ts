// Runs one case in a world: backends, certificates, objects step by step, requests and checks. What is wrong is collected, not thrown.
import { setTimeout as delay } from 'node:timers/promises';
import type { IssuedCertificate } from '../support/certificates.ts';
import type { EchoServerTls } from '../../src/echo/echo-server.ts';
import { BackendSet } from './backends/backend-set.ts';
import { checkAdmission, isReviewed } from './admission-client.ts';
import type { BackendSpec, Case, GeneratedSpec, Step } from './case-format.ts';
import { stepsOf } from './case-format.ts';
import { runChecks } from './checks.ts';
import { CaseClient } from './client/case-client.ts';
import type { ControllerProcess } from './controller-process.ts';
import {
  backendObjects,
  configMapObject,
  ingressClassObject,
  namespaceObject,
  parseManifests,
  parseRef,
  refKey,
  refOf,
  secretObject,
} from './kubernetes-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { replaceDeep, replacePlaceholders } from './placeholders.ts';
import { PROBE_NAME } from './readiness-probe.ts';
import { RequestRunner } from './request-runner.ts';
import type { World } from './world.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const CLIENT_ADDRESS = '127.0.0.1';

/** What did not hold; empty if the case passed. Throws only if the case itself cannot be run. */
export async function runCase(one: Case, world: World): Promise<string[]> {
  const runner = new CaseRun(one, world);
  try {
    return await runner.run();
  } finally {
    await runner.close();
  }
}

class CaseRun {
  readonly #case: Case;
  readonly #world: World;
  readonly #backends: BackendSet;
  readonly #client: CaseClient;
  readonly #requests: RequestRunner;
  readonly #certificates = new Map<string, IssuedCertificate>();
  readonly #freePorts = new Map<string, number>();
  readonly #problems: string[] = [];
  #controller: ControllerProcess | undefined;
  #config: Readonly<Record<string, string>>;
  #documents = 0;
  #logMark = 0;

  constructor(one: Case, world: World) {
    this.#case = one;
    this.#world = world;
    this.#config = one.config;
    this.#backends = new BackendSet({
      nextAddress: world.options.nextAddress,
      deadPort: world.options.freePorts.take,
      tlsOf: async (spec) => this.#backendTls(spec),
    });
    this.#client = new CaseClient({
      host: CLIENT_ADDRESS,
      httpPort: world.ports.http,
      httpsPort: world.ports.https,
      timeoutMs: REQUEST_TIMEOUT_MS,
      clientCertificate: (name) => this.#certificate(name),
    });
    world.addressOf = (name) =>
      name.endsWith('.dns.test') ? this.#backends.placeholder(`ip.${name.slice(0, -'.dns.test'.length)}`) : undefined;
    this.#requests = new RequestRunner(this.#client, this.#backends);
  }

  async run(): Promise<string[]> {
    // Another process is needed: the one that runs must not see the objects of this case, of which it may write.
    if (this.#case.args.length > 0) await this.#world.stopController();
    await this.#removeLeftovers();
    for (const [, name = ''] of JSON.stringify(this.#case).matchAll(/\{\{(free\.[^{}]+)\}\}/g)) {
      if (!this.#freePorts.has(name)) this.#freePorts.set(name, await this.#world.options.freePorts.take());
    }
    await this.#generate(this.#case.generate);
    await this.#backends.start(this.#case.backends);
    await this.#applyBase();
    this.#controller = this.#case.args.length === 0 ? this.#world.sharedController : undefined;
    for (const [index, step] of stepsOf(this.#case).entries()) {
      if (step.terminate === true) this.#controller?.terminate();
      const late = (await this.#applyStep(step, index === 0)) ?? (step.terminate === true ? undefined : await this.#bringUp(index === 0));
      if (late !== undefined) return [...this.#problems, this.#label(index, late)];
      const controller = this.#controller;
      if (controller === undefined) throw new Error('a case cannot begin with terminate');
      await this.#runStep(step, index, controller);
    }
    const controller = this.#controller;
    if (this.#case.checks !== undefined && controller !== undefined) await this.#check(this.#case.checks, controller, '');
    if (controller?.ending !== undefined && !stepsOf(this.#case).some((step) => step.terminate)) {
      this.#problems.push(`the controller ended with ${controller.ending}: ${controller.lastWords(5)}`);
    }
    return this.#problems;
  }

  /** Waits until what was written is live, in a process that is started if none runs. Answers what stands in the way. */
  async #bringUp(isFirst: boolean): Promise<string | undefined> {
    const waitUntilLive = await this.#world.probe.place({ sink: this.#world.sink, config: this.#config, args: this.#args() });
    const isRunning = this.#controller !== undefined;
    const controller = (this.#controller ??= await this.#world.startController(this.#args()));
    if (isFirst) this.#logMark = controller.stdout.length;
    const late = await waitUntilLive(controller);
    if (late !== undefined) return late;
    if (!isRunning) await controller.waitUntilReady();
    await delay(this.#world.sink.settleMs ?? 0);
    return undefined;
  }

  /** Asks the webhook about an object before it is written, where the case says what the answer is. */
  async #review(object: KubernetesObject, isFirst: boolean): Promise<string | undefined> {
    if (!isReviewed(this.#case, object)) return undefined;
    const late = await this.#bringUp(isFirst);
    if (late !== undefined) return late;
    const endpoint = { port: this.#world.ports.admission, authority: this.#world.webhook.pem };
    this.#problems.push(...(await checkAdmission(this.#case, object, endpoint)));
    return undefined;
  }

  async close(): Promise<void> {
    this.#client.close();
    const isShared = this.#case.args.length === 0;
    // A setting that did not go away would spoil the cases that follow.
    const isSpoilt =
      this.#problems.length > 0 && stepsOf(this.#case).some((step) => Object.keys(step.config ?? this.#case.config).length > 0);
    if (!isShared || isSpoilt) await this.#world.stopController();
    await this.#backends.close();
  }

  async #runStep(step: Step, index: number, controller: ControllerProcess): Promise<void> {
    for (const [position, entry] of step.requests.entries()) {
      const problems = await this.#requests.run(replaceDeep(entry, this.#value));
      this.#problems.push(...problems.map((problem) => this.#label(index, `request ${position + 1}: ${problem}`)));
    }
    if (step.checks !== undefined) await this.#check(step.checks, controller, this.#label(index, ''));
  }

  async #check(checks: NonNullable<Case['checks']>, controller: ControllerProcess, label: string): Promise<void> {
    const context = { controller, sink: this.#world.sink, logMark: this.#logMark };
    const problems = await runChecks(replaceDeep(checks, this.#value), context);
    this.#problems.push(...problems.map((problem) => `${label}${problem}`));
  }

  #label(index: number, text: string): string {
    return stepsOf(this.#case).length === 1 ? text : `step ${index + 1}: ${text}`;
  }

  #args(): string[] {
    return replaceDeep(this.#case.args, this.#value);
  }

  readonly #value = (name: string): string | undefined => {
    if (name === 'http.port') return String(this.#world.ports.http);
    if (name === 'https.port') return String(this.#world.ports.https);
    if (name === 'client.ip') return CLIENT_ADDRESS;
    return this.#freePorts.get(name)?.toString() ?? this.#backends.placeholder(name);
  };

  async #removeLeftovers(): Promise<void> {
    const base = new Set(this.#baseObjects().map((object) => refKey(refOf(object))));
    for (const object of this.#world.sink.list()) {
      // The probe removes its own objects, after everything else.
      if (!base.has(refKey(refOf(object))) && !object.metadata.name.startsWith(PROBE_NAME)) await this.#world.sink.delete(refOf(object));
    }
  }

  #baseObjects(): KubernetesObject[] {
    const namespaces = new Set(['default', ...this.#case.backends.map((backend) => backend.namespace)]);
    return [ingressClassObject(), configMapObject({}), ...[...namespaces].map(namespaceObject)];
  }

  async #applyBase(): Promise<void> {
    for (const object of this.#baseObjects()) if (object.kind !== 'ConfigMap') await this.#world.sink.apply(object, 0);
  }

  /** Answers what stands in the way, if anything. */
  async #applyStep(step: Step, isFirst: boolean): Promise<string | undefined> {
    for (const ref of step.delete) await this.#world.sink.delete(parseRef(replacePlaceholders(ref, this.#value)));
    await this.#generate(step.generate);
    for (const [name, count] of Object.entries(step.scale)) await this.#backends.scale(name, count);
    if (isFirst || step.config !== undefined) {
      this.#config = replaceDeep(step.config ?? this.#case.config, this.#value);
      await this.#world.sink.apply(configMapObject(this.#config), 0);
    }
    if (isFirst || Object.keys(step.scale).length > 0) await this.#applyBackends();
    if (step.apply === undefined) return undefined;
    for (const object of parseManifests(replacePlaceholders(step.apply, this.#value))) {
      const late = await this.#review(object, isFirst);
      if (late !== undefined) return late;
      await this.#world.sink.apply(object, this.#documents++);
    }
    return undefined;
  }

  async #applyBackends(): Promise<void> {
    for (const backend of this.#backends.backends) {
      const wanted = backendObjects(backend);
      const names = new Set(wanted.map((object) => refKey(refOf(object))));
      const slices = this.#world.sink.list().filter((object) => isSliceOf(object, backend.spec) && !names.has(refKey(refOf(object))));
      for (const object of backend.spec.service ? slices : []) await this.#world.sink.delete(refOf(object));
      for (const object of wanted) await this.#world.sink.apply(object, 0);
    }
  }

  async #generate(specs: readonly GeneratedSpec[]): Promise<void> {
    for (const spec of specs) {
      if ('ca' in spec) {
        const issued = await this.#world.options.issuer.issue({ commonName: spec.ca.name, hosts: [], isAuthority: true });
        this.#certificates.set(spec.ca.name, issued);
        if (spec.ca.secret !== undefined)
          await this.#world.sink.apply(secretObject(spec.ca.secret, 'Opaque', { 'ca.crt': issued.certificatePem }), 0);
      } else await this.#generateCertificate(spec.cert);
    }
  }

  async #generateCertificate(cert: Extract<GeneratedSpec, { cert: unknown }>['cert']): Promise<void> {
    const issued = await this.#world.options.issuer.issue({
      commonName: cert.cn ?? cert.hosts[0] ?? cert.name ?? '',
      hosts: cert.hosts,
      isExpired: cert.expired,
      ...(cert.ca === undefined ? {} : { issuer: this.#certificate(cert.ca) }),
    });
    if (cert.name !== undefined) this.#certificates.set(cert.name, issued);
    if (cert.secret === undefined) return;
    const data = { 'tls.crt': issued.certificatePem, 'tls.key': issued.privateKeyPem };
    const authority = cert.includeCA === undefined ? {} : { 'ca.crt': this.#certificate(cert.includeCA).certificatePem };
    await this.#world.sink.apply(secretObject(cert.secret, 'kubernetes.io/tls', { ...data, ...authority }), 0);
  }

  #certificate(name: string): IssuedCertificate {
    const issued = this.#certificates.get(name);
    if (issued === undefined) throw new Error(`no certificate was generated under the name ${name}`);
    return issued;
  }

  async #backendTls(spec: BackendSpec): Promise<EchoServerTls> {
    const own =
      spec.cert === undefined
        ? await this.#world.options.issuer.issue({ commonName: spec.name, hosts: [spec.name] })
        : this.#certificate(spec.cert);
    return {
      certificate: own.certificatePem,
      privateKey: own.privateKeyPem,
      ...(spec.clientCA === undefined ? {} : { clientAuthority: this.#certificate(spec.clientCA).certificatePem }),
    };
  }
}

function isSliceOf(object: KubernetesObject, spec: BackendSpec): boolean {
  const labels = object.metadata['labels'] as Readonly<Record<string, string>> | undefined;
  return (
    object.kind === 'EndpointSlice' && object.metadata.namespace === spec.namespace && labels?.['kubernetes.io/service-name'] === spec.name
  );
}
