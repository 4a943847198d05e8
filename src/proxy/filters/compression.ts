// Which responses are compressed and how (nginx's gzip filter and its brotli module; ingress-nginx reference 3.6): HTTP/1.1 and later, status
// 200, 403 or 404, not encoded yet, of a listed type and not known to be short. Small bodies are compressed in one go, which is several
// times cheaper than a stream; the memory of streams is bounded, and beyond that responses go uncompressed.
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import { compileSearchPattern, type Pattern } from '../../kit/pattern.ts';
import type { CodingSettings, CompressionSettings, ContentCoding } from '../../model/policies/compression.ts';
import { CONTENT_CODINGS } from '../../model/policies/compression.ts';
import { BODY_LENGTH } from '../http1/field-block.ts';
import { FIELD } from '../http1/field-names.ts';
import { mediaTypeOf } from '../http1/media-type.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { acceptedCodings } from './accepted-codings.ts';
import { type CompressStream, CompressedStream } from './compressed-stream.ts';
import { CompressedOnce } from './compressed-once.ts';
import type { BodySink, FilterEvents, ResponseFilter } from './response-filter.ts';

/** Bodies of known length up to this are compressed in one go. */
const ONCE_BYTES = 32 * 1024;
/** For streams of one worker. */
const STREAM_MEMORY_BYTES = 64 * 1024 * 1024;
/** What a stream takes, measured (about). */
const STREAM_BYTES: Readonly<Record<ContentCoding, number>> = { br: 400 * 1024, zstd: 780 * 1024, gzip: 210 * 1024 };

/** What is changed about the head of a compressed response, or of one that might have been. */
export interface CompressionPlan {
  /** Undefined: only the head changes. */
  readonly open: ((sink: BodySink, events: FilterEvents) => ResponseFilter) | undefined;
  readonly lines: string;
  readonly dropped: ReadonlySet<string> | undefined;
}

interface CompiledCoding {
  readonly coding: ContentCoding;
  readonly settings: CodingSettings;
  readonly types: ReadonlySet<string> | 'any';
}

const VARY_LINE = 'Vary: Accept-Encoding\r\n';
const RANGES = new Set(['accept-ranges']);
const RANGES_AND_TAG = new Set(['accept-ranges', 'etag']);

export class Compression {
  readonly #codings: readonly CompiledCoding[];
  readonly #disabledAgents: Pattern | undefined;
  #streamBytes = 0;

  constructor(settings: CompressionSettings) {
    this.#codings = CONTENT_CODINGS.flatMap((coding) => compileCoding(coding, settings.codings[coding]));
    this.#disabledAgents = compileAgents(settings.gzipDisabledAgents);
  }

  /** Undefined where nothing is ever compressed. */
  static compile(settings: CompressionSettings): Compression | undefined {
    return CONTENT_CODINGS.some((coding) => settings.codings[coding].isEnabled) ? new Compression(settings) : undefined;
  }

  /** What the client of this request takes, the best first. */
  acceptedBy(head: MessageHead): readonly ContentCoding[] {
    const field = head.valueOfName('accept-encoding');
    if (field === undefined || head.minorVersion === 0) return [];
    const accepted = acceptedCodings(field).filter((coding) => this.#codings.some((other) => other.coding === coding));
    const isGzipDisabled = this.#disabledAgents?.test(head.valueOfNumber(FIELD['user-agent']) ?? '') === true;
    return isGzipDisabled ? accepted.filter((coding) => coding !== 'gzip') : accepted;
  }

  /** `accepted` by the client. Undefined: the response stays as it is. */
  plan(head: MessageHead, accepted: readonly ContentCoding[]): CompressionPlan | undefined {
    if (head.status !== 200 && head.status !== 403 && head.status !== 404) return undefined;
    if (head.valueOfNumber(FIELD['content-encoding']) !== undefined) return undefined;
    if (head.valueOfNumber(FIELD['cache-control'])?.toLowerCase().includes('no-transform') === true) return undefined;
    const type = mediaTypeOf(head.valueOfNumber(FIELD['content-type']));
    const length = head.body === BODY_LENGTH ? head.contentLength : undefined;
    const eligible = this.#codings.filter(({ settings, types }) => {
      return (length === undefined || length >= settings.minBytes) && (types === 'any' || types.has(type));
    });
    if (eligible.length === 0) return undefined;
    const vary = hasVary(head) ? '' : VARY_LINE;
    for (const coding of accepted) {
      const found = eligible.find((other) => other.coding === coding);
      if (found === undefined) continue;
      const open = this.#opener(found, length);
      if (open !== undefined) return { open, ...headOf(head, coding, vary) };
    }
    return vary === '' ? undefined : { open: undefined, lines: vary, dropped: undefined };
  }

  #opener({ coding, settings }: CompiledCoding, length: number | undefined): CompressionPlan['open'] {
    if (length !== undefined && length <= ONCE_BYTES) return (sink) => new CompressedOnce(coding, settings.level, length, sink);
    const bytes = STREAM_BYTES[coding];
    if (this.#streamBytes + bytes > STREAM_MEMORY_BYTES) return undefined;
    return (sink, events) => {
      this.#streamBytes += bytes;
      const onClosed = (): void => {
        this.#streamBytes -= bytes;
      };
      return new CompressedStream(createStream(coding, settings.level), sink, { ...events, onClosed });
    };
  }
}

function compileCoding(coding: ContentCoding, settings: CodingSettings): readonly CompiledCoding[] {
  if (!settings.isEnabled) return [];
  const types = settings.types.includes('*') ? 'any' : new Set(['text/html', ...settings.types]);
  return [{ coding, settings, types }];
}

/** nginx's `msie6` is a short word for a pattern. */
function compileAgents(pattern: string): Pattern | undefined {
  if (pattern === '') return undefined;
  const compiled = compileSearchPattern(pattern === 'msie6' ? 'MSIE [4-6]\\.' : pattern);
  return compiled.ok ? compiled.value : undefined;
}

function hasVary(head: MessageHead): boolean {
  const vary = head.valueOfName('vary');
  return vary !== undefined && /(?:^|[\s,])(?:accept-encoding|\*)(?:$|[\s,])/i.test(vary);
}

/** A strong validator is for the bytes as they were; ranges of compressed bytes cannot be asked for. */
function headOf(head: MessageHead, coding: ContentCoding, vary: string): Pick<CompressionPlan, 'lines' | 'dropped'> {
  const tag = head.valueOfName('etag');
  const isStrong = tag !== undefined && !tag.startsWith('W/');
  const lines = `Content-Encoding: ${coding}\r\n${vary}${isStrong ? `ETag: W/${tag}\r\n` : ''}`;
  return { lines, dropped: isStrong ? RANGES_AND_TAG : RANGES };
}

function createStream(coding: ContentCoding, level: number): CompressStream {
  switch (coding) {
    case 'br':
      return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: level } });
    case 'zstd':
      return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
    case 'gzip':
      return createGzip({ level });
  }
}
