/** Bodies that are taken before they are passed on (annotations and ConfigMap keys `proxy-request-buffering`, `proxy-buffering` and companions). */
export interface BodyBuffer {
  readonly memoryBytes: number;
  /** Behind that, in a temporary file; 0: none. */
  readonly fileBytes: number;
}

/** What all bodies that a worker keeps may take at the same time; beyond it, bodies are passed on as they come. */
export interface BufferBounds {
  readonly memoryBytes: number;
  readonly fileBytes: number;
}
