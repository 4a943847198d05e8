// Reads the first bytes of an accepted connection until what stands there is understood: a PROXY header, a ClientHello. Bounded by time, however
// busily the client sends; the parsers bound the size.
import type { Socket } from 'node:net';

export interface Beginning {
  /** What was read before. */
  readonly early: Buffer;
  readonly timeoutMs: number;
  /** Looks at all bytes so far. Undefined: more are needed. Otherwise called once the socket is paused and left alone; may end it. */
  understand(bytes: Buffer): (() => void) | undefined;
  /** Runs what an event causes: a fault ends the connection. */
  guard(event: () => void): void;
  /** The connection ended or took too long. Called at most once, and not after `understand` has given a function. */
  onGone(): void;
}

/** The socket must be paused and have no data listener. */
export function readBeginning(socket: Socket, beginning: Beginning): void {
  let bytes = beginning.early;
  const first = bytes.length === 0 ? undefined : beginning.understand(bytes);
  if (first !== undefined) return first();
  let isOver = false;
  const giveUp = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    beginning.onGone();
    socket.destroy();
  };
  const onData = (data: Buffer): void => beginning.guard(() => take(data));
  const take = (data: Buffer): void => {
    if (isOver) return;
    bytes = bytes.length === 0 ? data : Buffer.concat([bytes, data]);
    const goOn = beginning.understand(bytes);
    if (goOn === undefined) return;
    isOver = true;
    socket.pause();
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('close', giveUp);
    socket.off('end', giveUp);
    goOn();
  };
  // Not the socket's own: that begins anew with each byte.
  const timer = setTimeout(giveUp, beginning.timeoutMs);
  socket.on('close', giveUp);
  // A client that has ended its side says no more.
  socket.on('end', giveUp);
  socket.on('data', onData);
  socket.resume();
}
