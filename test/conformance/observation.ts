// What the client saw of one request.
import type { EchoAnswer } from '../../src/echo/echo-answer.ts';

export type Observation =
  | { readonly kind: 'response'; readonly response: ObservedResponse; readonly tls: ObservedTls | undefined; readonly seconds: number }
  | { readonly kind: 'websocket'; readonly first: string | undefined; readonly messages: readonly string[]; readonly seconds: number }
  | { readonly kind: 'grpc'; readonly status: number; readonly text: string; readonly reply: string | undefined; readonly seconds: number }
  | { readonly kind: 'datagram'; readonly protocol: 'tcp' | 'udp'; readonly text: string; readonly seconds: number }
  | {
      readonly kind: 'failure';
      readonly failure: 'connection' | 'tls' | 'timeout';
      readonly message: string;
      readonly tls: ObservedTls | undefined;
      readonly seconds: number;
    };

export interface ObservedResponse {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Content codings undone. */
  readonly body: Buffer;
}

export interface ObservedTls {
  readonly version: string;
  readonly cipher: string;
  readonly certificate: ObservedCertificate;
}

export interface ObservedCertificate {
  readonly cn: string;
  readonly san: readonly string[];
  readonly issuerCN: string;
}

/** The echo answer in what came back, if there is one. */
export function echoAnswerOf(observation: Observation): (EchoAnswer & { readonly params?: Readonly<Record<string, string>> }) | undefined {
  const text = answerText(observation);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('backend' in value)) return undefined;
    return value as EchoAnswer;
  } catch {
    return undefined;
  }
}

function answerText(observation: Observation): string | undefined {
  switch (observation.kind) {
    case 'response':
      return observation.response.body.toString('utf8');
    case 'websocket':
      return observation.first;
    case 'grpc':
      return observation.reply;
    case 'datagram':
      return observation.text;
    case 'failure':
      return undefined;
  }
}

/** Says in a few words what came back, for a report. */
export function describeObservation(observation: Observation): string {
  switch (observation.kind) {
    case 'response':
      return `status ${observation.response.status}${shortBody(observation)}`;
    case 'websocket':
      return `a WebSocket with messages ${JSON.stringify(observation.messages)}`;
    case 'grpc':
      return `grpc-status ${observation.status} ${observation.text}`.trimEnd();
    case 'datagram':
      return observation.text;
    case 'failure':
      return `${observation.failure} failure: ${observation.message}`;
  }
}

function shortBody(observation: Observation & { kind: 'response' }): string {
  const answer = echoAnswerOf(observation);
  if (answer !== undefined) return ` from ${answer.endpoint}`;
  const text = observation.response.body
    .toString('utf8')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text === '' ? '' : ` (${text.slice(0, 60)})`;
}
