// What the main thread and a worker say to each other. Everything is plain data; numbers that change all the time are in shared memory.
import type { ModelDelta } from '../model/delta.ts';
import type { Settings } from '../model/settings.ts';
import type { AccessLogBatch } from '../observe/access-log/access-log-batcher.ts';
import type { RequestMetricsMessage } from '../observe/request-metrics/series-labels.ts';
import type { SpanBatch } from '../observe/tracing/span-batcher.ts';
import type { ListenProblem } from './listener/listening-sockets.ts';
import type { SharedLimitMemory } from './limits/shared-limits.ts';
import type { SharedAuthState } from './policies/auth-services.ts';
import type { KeyPair } from './listener/tls-contexts.ts';

export interface ListenPlace {
  /** Of `--bind`; empty: where the settings say. */
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** What a worker is started with. */
export interface WorkerStart {
  /** From 0: the worker's place in shared memory. */
  readonly place: number;
  readonly counters: SharedArrayBuffer;
  readonly connectionCount: SharedArrayBuffer;
  readonly listen: ListenPlace;
  readonly settings: Settings;
  /** Self-signed: shown where there is no other certificate. */
  readonly fallbackCertificate: KeyPair;
  /** 48 random bytes for tickets of TLS sessions. */
  readonly ticketKeys: Uint8Array;
  readonly hostname: string;
  readonly auth: SharedAuthState;
  readonly limits: SharedLimitMemory;
}

export type ToWorker =
  /** Apply in one turn, then say `applied`. */
  | { readonly kind: 'delta'; readonly version: number; readonly delta: ModelDelta }
  /** The first table is complete: open the ports. */
  | { readonly kind: 'listen' }
  /** The counters of all workers, living and ended, the receiver's own too. */
  | { readonly kind: 'peers'; readonly counters: readonly SharedArrayBuffer[] }
  | { readonly kind: 'free-series'; readonly slots: readonly number[] }
  /** Accept nothing more, let requests under way finish, close the rest after the time that the settings give. */
  | { readonly kind: 'drain' };

export type FromWorker =
  | { readonly kind: 'applied'; readonly version: number }
  /** The ports are open, except on these addresses; said again when the addresses change. */
  | { readonly kind: 'listening'; readonly problems: readonly ListenProblem[] }
  | { readonly kind: 'listen-failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'drained' }
  /** A fault of Portico's own that ended one connection. */
  | { readonly kind: 'fault'; readonly error: Error }
  | AccessLogBatch
  | SpanBatch
  | RequestMetricsMessage;
