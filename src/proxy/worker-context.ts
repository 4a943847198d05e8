// What all connections of one worker share. One object, made once, handed to every connection: no module-level state.
import type { Settings } from '../model/settings.ts';
import type { AccessLog } from '../observe/access-log/access-log.ts';
import type { WorkerCounters } from '../observe/worker-counters.ts';
import type { RoutingTable } from '../routing/table.ts';
import type { TimerWheel } from '../kit/timer-wheel.ts';
import type { BodyBudget } from './filters/body-budget.ts';
import type { HostCache } from './http1/host-cache.ts';
import type { ReadMappedVariable } from './policies/variable-maps.ts';
import type { Compression } from './filters/compression.ts';
import type { MessageHead } from './http1/message-head.ts';
import type { RequestIds } from './exchange/request-ids.ts';
import type { ClientAddressResolver } from './exchange/client-address.ts';
import type { ResponseFields } from './http1/response-writer.ts';
import type { BufferPool, OutBuffer } from './out-buffer.ts';
import type { ProxyRoute } from './proxy-route.ts';
import type { ReadMemory } from './listener/read-memory.ts';
import type { ServerConnection } from './http1/server-connection.ts';

export interface WorkerContext {
  /** Replaced as a whole when a delta brings new settings. */
  settings: Settings;
  /** Of trusted proxies, compiled from the settings. */
  clientAddresses: ClientAddressResolver;
  /** Fields of responses that depend on the settings only. */
  responseFields: ResponseFields;
  /** Variables of `map`; undefined: there are none. Compiled from the settings. */
  mappedVariables: ReadMappedVariable | undefined;
  /** Undefined: nothing is compressed. Compiled from the settings. */
  compression: Compression | undefined;
  readonly table: RoutingTable<ProxyRoute>;
  /** Of the table. */
  readonly hosts: HostCache;
  readonly wheel: TimerWheel;
  readonly counters: WorkerCounters;
  readonly accessLog: AccessLog;
  readonly requestIds: RequestIds;
  readonly readMemory: ReadMemory;
  /** Filled by the parsers, good until the current callback returns. */
  readonly requestHead: MessageHead;
  readonly responseHead: MessageHead;
  readonly trailerHead: MessageHead;
  /** Where response heads are put together; empty between callbacks. */
  readonly out: OutBuffer;
  /** For requests under way. */
  readonly requestMemory: BufferPool;
  /** For bodies that are kept. */
  readonly bodies: BodyBudget;
  readonly connections: Set<ServerConnection>;
  /** True once shutdown has begun: responses end their connection. */
  isDraining: boolean;
  /**
   * The monotonic clock when the current callback began, in milliseconds with fractions: asked once per callback, because asking costs
   * as much as copying a head.
   */
  nowMs: number;
  /** `Date: …` line of the current second, as bytes. */
  dateLine: Buffer;
  /** A fault of Portico's own, caught at the boundary of a connection: logged. */
  readonly reportFault: (error: unknown) => void;
  /** Sets `nowMs`. Whatever is called by the event loop calls this first. */
  readClock(): void;
}
