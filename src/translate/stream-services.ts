// The TCP and UDP services that the two ConfigMaps of the flags ask for, and everything that there is to say about their entries. An entry is
// looked at again when its ConfigMap, its Service or an EndpointSlice of that changes. Nothing carries their traffic yet, which each good
// entry is told.
import { assertNever } from '../kit/assert-never.ts';
import { keyPath } from '../resources/field-path.ts';
import type { ConfigMap, Service, ServicePort } from '../resources/objects.ts';
import type { ObjectChange, Snapshot } from '../resources/snapshot.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import type { ObjectName, TranslatorOptions } from './options.ts';
import { readyEndpoints } from './ready-endpoints.ts';
import { parseStreamEntry } from './stream-entry.ts';
import type { StreamProtocol, StreamService } from './stream-entry.ts';
import { portText } from './upstream.ts';

type Problem = Pick<Finding, 'code' | 'message'>;

interface EntryContext {
  readonly protocol: StreamProtocol;
  readonly key: string;
  readonly text: string;
  /** Ports of the entries before, with their keys. */
  readonly taken: Map<number, string>;
  readonly snapshot: Snapshot;
}

export class StreamServices {
  readonly #options: TranslatorOptions;
  /** `namespace/name` of the Services that entries name. */
  readonly #services = new Set<string>();
  #isDirty = true;
  #findings: readonly Finding[] = [];

  constructor(options: TranslatorOptions) {
    this.#options = options;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  markAll(): void {
    this.#isDirty = true;
  }

  mark(change: ObjectChange): void {
    this.#isDirty ||= this.#isTouchedBy(change);
  }

  update(snapshot: Snapshot): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#services.clear();
    const { tcpServicesConfigmap, udpServicesConfigmap } = this.#options;
    this.#findings = [
      ...this.#read('TCP', '--tcp-services-configmap', tcpServicesConfigmap, snapshot),
      ...this.#read('UDP', '--udp-services-configmap', udpServicesConfigmap, snapshot),
    ];
  }

  #read(protocol: StreamProtocol, flag: string, name: ObjectName | undefined, snapshot: Snapshot): readonly Finding[] {
    if (name === undefined) return [];
    const configMap = snapshot.get('ConfigMap', name.namespace, name.name);
    if (configMap === undefined) {
      const message = `ConfigMap ${name.namespace}/${name.name} does not exist; there are no ${protocol} services`;
      return [finding('PRT-CONF-4', message, { origin: { kind: 'Flag', namespace: '', name: flag } })];
    }
    return this.#readEntries(protocol, configMap, snapshot);
  }

  #readEntries(protocol: StreamProtocol, configMap: ConfigMap, snapshot: Snapshot): readonly Finding[] {
    const taken = new Map<number, string>();
    return [...configMap.data].flatMap(([key, text]) =>
      this.#readEntry({ protocol, key, text: text.trim(), taken, snapshot }).map(({ code, message }) =>
        finding(code, message, configMap, keyPath('data', key)),
      ),
    );
  }

  #readEntry({ protocol, key, text, taken, snapshot }: EntryContext): readonly Problem[] {
    const entry = parseStreamEntry(protocol, key, text);
    if (!entry.ok) return [{ code: 'PRT-STREAM-1', message: `the entry ${entry.error}: it is ignored` }];
    const { service, note } = entry.value;
    const flag = this.#options.ownPorts.find(({ port }) => port === service.listenPort)?.flag;
    if (flag !== undefined) {
      return [{ code: 'PRT-STREAM-2', message: `port ${service.listenPort} is that of ${flag}: the entry is ignored` }];
    }
    const other = taken.get(service.listenPort);
    if (other !== undefined) {
      return [{ code: 'PRT-STREAM-2', message: `port ${service.listenPort} is that of the entry ${other}: this one is ignored` }];
    }
    taken.set(service.listenPort, key);
    this.#services.add(`${service.namespace}/${service.service}`);
    const notes: readonly Problem[] = note === undefined ? [] : [{ code: 'PRT-STREAM-1', message: note }];
    return [...notes, this.#findTarget(service, snapshot) ?? notCarried(service)];
  }

  /** Why there is nothing that the traffic could go to. */
  #findTarget(stream: StreamService, snapshot: Snapshot): Problem | undefined {
    const title = `Service ${stream.namespace}/${stream.service}`;
    const service = snapshot.get('Service', stream.namespace, stream.service);
    if (service === undefined) {
      const { watchNamespace } = this.#options;
      const isUnwatched = watchNamespace !== undefined && watchNamespace !== stream.namespace;
      const why = isUnwatched ? `is not in the namespace of --watch-namespace, ${watchNamespace}` : 'does not exist';
      return { code: 'PRT-STREAM-3', message: `${title} ${why}: the entry is ignored` };
    }
    const port = findStreamPort(service, stream);
    if (port === undefined) {
      const message = `${title} has no ${stream.protocol} port ${portText(stream.servicePort)}: the entry is ignored`;
      return { code: 'PRT-STREAM-4', message };
    }
    const hasEndpoints =
      service.type === 'ExternalName'
        ? !this.#options.disableSvcExternalName
        : readyEndpoints({ port, protocol: stream.protocol, zone: '' }, snapshot.endpointSlicesOf(stream.namespace, stream.service))
            .length > 0;
    return hasEndpoints ? undefined : { code: 'PRT-STREAM-5', message: `${title} has no ready endpoint: the entry is ignored` };
  }

  #isTouchedBy({ kind, namespace, name, before, after }: ObjectChange): boolean {
    switch (kind) {
      case 'ConfigMap': {
        const { tcpServicesConfigmap, udpServicesConfigmap } = this.#options;
        return [tcpServicesConfigmap, udpServicesConfigmap].some((own) => own?.namespace === namespace && own.name === name);
      }
      case 'Service':
        return this.#services.has(`${namespace}/${name}`);
      case 'EndpointSlice':
        return [before, after].some((slice) => slice?.kind === 'EndpointSlice' && this.#services.has(`${namespace}/${slice.serviceName}`));
      case 'Ingress':
      case 'IngressClass':
      case 'Namespace':
      case 'Secret':
        return false;
      default:
        return assertNever(kind);
    }
  }
}

function notCarried({ protocol, listenPort }: StreamService): Problem {
  return {
    code: 'PRT-STREAM-6',
    message: `the entry is good, but this version does not carry ${protocol} traffic: port ${listenPort} is closed`,
  };
}

/** By number or by name, never by targetPort: unlike backends of Ingresses. */
function findStreamPort(service: Service, { protocol, servicePort }: StreamService): ServicePort | undefined {
  return service.ports.find((port) => {
    const isMeant = servicePort.kind === 'number' ? port.port === servicePort.number : port.name === servicePort.name;
    return isMeant && port.protocol === protocol;
  });
}
