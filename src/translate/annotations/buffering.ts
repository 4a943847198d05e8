// Whether bodies are taken as a whole, or ahead of who reads them, in memory and behind that in a temporary file.
import type { BodyBuffer } from '../../model/policies/buffering.ts';
import type { ProxyParameters } from '../../model/route.ts';
import { integerBetween, oneOf, sizeBetween } from '../value-parsers.ts';
import type { ValueParser } from '../value-parsers.ts';
import { noEffect, supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

/** What annotations, or the ConfigMap as their default, say. */
export interface BufferingDraft {
  buffersRequests?: boolean;
  /** For a request body. */
  memoryBytes?: number;
  buffersResponses?: boolean;
  bufferCount?: number;
  bufferBytes?: number;
  fileBytes?: number;
}

/** What the ConfigMap says. */
export type BufferingDefaults = Readonly<
  Required<Omit<BufferingDraft, 'bufferBytes'>> & {
    /** Undefined: not written. */
    readonly bufferBytes: number | undefined;
  }
>;

const KIB = 1024;
/** Less than what a connection holds of a request anyway. */
const LEAST_MEMORY_BYTES = 64 * KIB;
const MOST_MEMORY_BYTES = 16 * KIB * KIB;
/** Where no setting bounds it: 1 TiB. */
const UNBOUNDED_FILE_BYTES = KIB ** 4;

export const parseSwitch: ValueParser<'on' | 'off'> = oneOf(['on', 'off']);
export const parseBufferCount = integerBetween(1, 65_536);
export const parseBufferBytes = sizeBetween(1, 1024 ** 3);
export const parseFileBytes = sizeBetween(0, UNBOUNDED_FILE_BYTES);
/** nginx's `proxy_buffer_size`, and what a head may have where the size is not written. */
const BUFFER_BYTES = 4 * KIB;
const HEAD_BYTES = 64 * KIB;
const AT_LEAST = 'at least 64 KiB and at most 16 MiB are used';

export const bufferingAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'proxy-request-buffering',
    scope: 'location',
    risk: 'Low',
    parse: parseSwitch,
    set: (draft, value) => {
      bufferingOf(draft).buffersRequests = value === 'on';
    },
    summary:
      '`on`: the request body is taken as a whole, in memory or a temporary file, before the backend is called; `off`, the default: it is ' +
      'passed on as it comes.',
    differs:
      'off where neither the annotation nor the ConfigMap says otherwise. What all bodies may take is bounded (`portico-buffer-memory`, ' +
      '`portico-buffer-disk`); beyond that they are passed on as they come',
  }),
  supported({
    name: 'client-body-buffer-size',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseBufferBytes,
    set: (draft, value) => {
      bufferingOf(draft).memoryBytes = value;
    },
    summary: 'Memory for a request body with `proxy-request-buffering`; the rest goes to a temporary file.',
    differs: AT_LEAST,
  }),
  supported({
    name: 'proxy-buffering',
    scope: 'location',
    risk: 'Low',
    parse: parseSwitch,
    set: (draft, value) => {
      bufferingOf(draft).buffersResponses = value === 'on';
    },
    summary: '`on`: responses are taken from the backend ahead of a slow client.',
    differs:
      'what has come goes to the client at once all the same, so that `X-Accel-Buffering` of a backend is not needed and has no effect',
  }),
  supported({
    name: 'proxy-buffers-number',
    scope: 'location',
    risk: 'Low',
    parse: parseBufferCount,
    set: (draft, value) => {
      bufferingOf(draft).bufferCount = value;
    },
    summary: 'With `proxy-buffering`: how many times `proxy-buffer-size` is kept of a response in memory.',
    differs: AT_LEAST,
  }),
  supported({
    name: 'proxy-buffer-size',
    scope: 'location',
    risk: 'Low',
    parse: parseBufferBytes,
    set: (draft, value) => {
      bufferingOf(draft).bufferBytes = value;
    },
    summary: 'Largest head of a response (a larger one is 502); with `proxy-buffering` see `proxy-buffers-number`.',
    differs: 'where it is not written, a head may have 64 KiB; 4 KiB in nginx',
  }),
  supported({
    name: 'proxy-max-temp-file-size',
    scope: 'location',
    risk: 'Low',
    parse: parseFileBytes,
    set: (draft, value) => {
      bufferingOf(draft).fileBytes = value;
    },
    summary: 'With `proxy-buffering`: how much of a response is kept in a temporary file behind that; 0: nothing.',
  }),
  noEffect({
    name: 'proxy-busy-buffers-size',
    scope: 'location',
    risk: 'Low',
    reason: 'what waits to be sent to a client is bounded by its socket',
    summary: 'Part of the response buffers that may be sending in nginx.',
  }),
];

function bufferingOf(draft: AnnotationDraft): BufferingDraft {
  draft.buffering ??= {};
  return draft.buffering;
}

/** What one route says, with the defaults for what it leaves out; empty where it says nothing. */
export function buffersOf({ buffering }: Readonly<AnnotationDraft>, defaults: BufferingDefaults): Partial<ProxyParameters> {
  return buffering === undefined ? {} : bufferParameters({ ...defaults, ...buffering });
}

/** What is said about buffers, in the terms of the model. */
export function bufferParameters(
  defaults: BufferingDefaults,
): Pick<ProxyParameters, 'requestBuffer' | 'responseBuffer' | 'responseHeadBytes'> {
  const { buffersRequests, memoryBytes, buffersResponses, bufferCount, bufferBytes, fileBytes } = defaults;
  const requestBuffer: BodyBuffer = { memoryBytes: memoryWithin(memoryBytes), fileBytes: UNBOUNDED_FILE_BYTES };
  const responseBuffer: BodyBuffer = { memoryBytes: memoryWithin(bufferCount * (bufferBytes ?? BUFFER_BYTES)), fileBytes };
  return {
    requestBuffer: buffersRequests ? requestBuffer : null,
    responseBuffer: buffersResponses ? responseBuffer : null,
    responseHeadBytes: bufferBytes ?? HEAD_BYTES,
  };
}

function memoryWithin(bytes: number): number {
  return Math.min(Math.max(bytes, LEAST_MEMORY_BYTES), MOST_MEMORY_BYTES);
}
