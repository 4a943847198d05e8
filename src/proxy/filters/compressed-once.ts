// A body of known, small length: gathered, then compressed in one go when it is complete.
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { ContentCoding } from '../../model/policies/compression.ts';
import type { BodySink, ResponseFilter } from './response-filter.ts';

export class CompressedOnce implements ResponseFilter {
  readonly #coding: ContentCoding;
  readonly #level: number;
  readonly #sink: BodySink;
  readonly #body: Buffer;
  #length = 0;

  constructor(coding: ContentCoding, level: number, length: number, sink: BodySink) {
    this.#coding = coding;
    this.#level = level;
    this.#sink = sink;
    this.#body = Buffer.allocUnsafe(length);
  }

  get isFull(): boolean {
    return this.#sink.isFull;
  }

  write(buffer: Buffer, start: number, end: number): void {
    this.#length += buffer.copy(this.#body, this.#length, start, end);
  }

  flush(): void {
    // Nothing to send before the end.
  }

  end(): void {
    const compressed = compress(this.#coding, this.#level, this.#body.subarray(0, this.#length));
    this.#sink.write(compressed, 0, compressed.length, true);
    this.#sink.end();
  }

  onReady(): void {
    // Nobody waits for this filter.
  }

  destroy(): void {
    this.#length = 0;
  }
}

function compress(coding: ContentCoding, level: number, body: Buffer): Buffer {
  switch (coding) {
    case 'br':
      return brotliCompressSync(body, {
        params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
      });
    case 'zstd':
      return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    case 'gzip':
      return gzipSync(body, { level });
  }
}
