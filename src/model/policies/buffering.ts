/** Bodies that are taken before they are passed on (annotations and ConfigMap keys `proxy-request-buffering`, `proxy-buffering` and companions). */
export interface BodyBuffer {
  readonly memoryBytes: number;
  /** Behind that, in a temporary file; 0: none. */
  readonly fileBytes: number;
}
