// One entry of the ConfigMaps of --tcp-services-configmap and --udp-services-configmap: `"PORT": "namespace/service:port[:PROXY][:PROXY]"`,
// as `getStreamServices` of ingress-nginx reads it, except that a word it would overlook is refused. Text only: whether the Service
// is there is for stream-services.ts.
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { checkDnsLabel, checkDnsSubdomain, checkPortName } from '../resources/names.ts';
import type { ServicePortRef } from '../resources/objects.ts';
import { integerBetween } from './value-parsers.ts';

export type StreamProtocol = 'TCP' | 'UDP';

/** What connections, or datagrams, to a port of Portico are meant for. */
export interface StreamService {
  readonly protocol: StreamProtocol;
  readonly listenPort: number;
  readonly namespace: string;
  readonly service: string;
  readonly servicePort: ServicePortRef;
  /** Whether clients begin with a PROXY header, and whether the Service is sent one. Never for UDP. */
  readonly readsProxyHeader: boolean;
  readonly sendsProxyHeader: boolean;
}

export interface StreamEntry {
  readonly service: StreamService;
  /** What of the entry has no effect, as a sentence without a full stop. */
  readonly note: string | undefined;
}

const MAX_VALUE_LENGTH = 512;
const parsePortNumber = integerBetween(1, 65_535);

/** The error is the end of a sentence that starts with "the entry". */
export function parseStreamEntry(protocol: StreamProtocol, key: string, text: string): Result<StreamEntry> {
  const listenPort = parsePortNumber(/^\d+$/.test(key) ? key : '');
  if (!listenPort.ok) return fail('has a key that is not a port number from 1 to 65535');
  if (text.length > MAX_VALUE_LENGTH) return fail(`has more than ${MAX_VALUE_LENGTH} characters`);
  const [target = '', portName, decode = '', encode = '', ...rest] = text.split(':');
  if (portName === undefined || rest.length > 0) return fail('is not of the form namespace/service:port[:PROXY][:PROXY]');
  const [namespace = '', service, ...more] = target.split('/');
  if (service === undefined || more.length > 0) return fail('does not name a Service as namespace/service');
  const nameProblem = checkDnsLabel(namespace) ?? checkDnsSubdomain(service);
  if (nameProblem !== undefined) return fail(`names a Service by a name that ${nameProblem}`);
  const servicePort = parseServicePort(portName);
  if (!servicePort.ok) return servicePort;
  const wrongWord = [decode, encode].find((word) => word !== '' && word.toUpperCase() !== 'PROXY');
  if (wrongWord !== undefined) return fail(`has the word ${JSON.stringify(wrongWord.slice(0, 80))} where only PROXY can stand`);
  const isTcp = protocol === 'TCP';
  const isNeedless = !isTcp && (decode !== '' || encode !== '');
  return ok({
    service: {
      protocol,
      listenPort: listenPort.value,
      namespace,
      service,
      servicePort: servicePort.value,
      readsProxyHeader: isTcp && decode !== '',
      sendsProxyHeader: isTcp && encode !== '',
    },
    note: isNeedless ? 'the word PROXY has no effect, as UDP has no such header' : undefined,
  });
}

function parseServicePort(text: string): Result<ServicePortRef> {
  if (/^\d+$/.test(text)) {
    const number = parsePortNumber(text);
    return number.ok ? ok({ kind: 'number', number: number.value }) : fail('names a port of the Service that is not from 1 to 65535');
  }
  const problem = checkPortName(text);
  return problem === undefined ? ok({ kind: 'name', name: text }) : fail(`names a port of the Service that ${problem}`);
}
