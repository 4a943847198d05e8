// Where a client connection stands between two requests and within one.

export type ConnectionState =
  /** Waiting for a request or in the middle of its head. */
  | 'head'
  /** The request body is arriving. */
  | 'body'
  /** The request is complete, its response is not. */
  | 'response'
  /** The response is complete, the rest of a short request body is read and dropped. */
  | 'discard'
  | 'tunnel'
  /** Our side has ended: what arrives is dropped until the client ends too. */
  | 'lingering'
  | 'closed';
