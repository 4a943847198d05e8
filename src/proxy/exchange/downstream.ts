// The client's side of an exchange, whatever its protocol. HTTP/1.1 connections implement it; HTTP/2 streams will.
import type { HeadEdit, ResponseFraming } from '../http1/response-writer.ts';
import type { ConnectionFacts } from '../../observe/exchange-record.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { ClientOrigin } from './forwarded-fields.ts';

export interface LocalResponse {
  readonly status: number;
  /** Fields, each with its CRLF. */
  readonly lines: string;
  readonly body: string;
  /** What policies change; `lines` are what is left of them. */
  readonly edit: HeadEdit | undefined;
  /** True: the connection ends with it. */
  readonly closes: boolean;
}

export interface Downstream {
  readonly origin: ClientOrigin;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** For the log. */
  facts(): ConnectionFacts;
  /** Bytes of responses that the client has not taken yet. */
  readonly pendingBytes: number;
  /** Bytes sent for the current response, head included. */
  readonly sentBytes: number;
  readonly sentBodyBytes: number;
  /** The client waits for `100 Continue` before it sends the body. */
  sendContinue(): void;
  sendInterim(head: MessageHead): void;
  /** Head of the upstream's response. */
  sendForwardedHead(head: MessageHead, framing: ResponseFraming, edit: HeadEdit | undefined): void;
  /** A whole response of Portico's own. */
  sendLocal(response: LocalResponse): void;
  sendBody(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  /** The body is complete. `trailers`: lines that may be passed on. */
  sendEnd(trailers: string): void;
  /** Writes what was put together since the last call. */
  flush(): void;
  /** True: nothing of the response has left yet, and it is forgotten. */
  takeBack(): boolean;
  /** The response cannot be completed: the client must be able to see that. */
  cut(): void;
  /** Stops and starts the flow of the request body. */
  pauseBody(): void;
  resumeBody(): void;
  /** From now on bytes are passed on as they are. */
  startTunnel(): void;
  sendTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  endTunnel(): void;
  /** The exchange is over. */
  onExchangeEnd(): void;
}
