/** A request with its body read whole. */
export interface Incoming {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** What the client calls this server: `http://host:port`. */
  readonly origin: string;
  /** Empty when it is over `bodyBytesMaxOf` its address. */
  readonly body: string;
  readonly bodyBytes: number;
}
