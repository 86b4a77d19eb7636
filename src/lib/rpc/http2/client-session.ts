/** Response headers or trailers; names in lower case, a repeated one as a list. */
export type ResponseHeaders = { readonly [name: string]: string | string[] | undefined };

/** What a call needs of its stream: the part of Node's `ClientHttp2Stream` that both kinds of session offer. */
export interface ClientStream {
  /** The code of the reset that ended the stream; 0 or undefined without one. */
  readonly rstCode?: number | undefined;
  readonly closed: boolean;
  on(event: 'response', listener: (headers: ResponseHeaders, flags: number) => void): unknown;
  on(event: 'trailers', listener: (headers: ResponseHeaders) => void): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(bytes?: Uint8Array): unknown;
  pause(): unknown;
  resume(): unknown;
  close(code?: number): void;
}

/** What the client needs of an HTTP/2 connection: the part of Node's `ClientHttp2Session` that both kinds offer. */
export interface ClientSession {
  readonly closed: boolean;
  readonly destroyed: boolean;
  on(event: 'goaway', listener: (code: number, lastStreamId: number, debugData?: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'remoteSettings', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  request(headers: Record<string, string | string[]>): ClientStream;
  ping(callback: (error: Error | null) => void): unknown;
  destroy(): void;
}

/** What the peer may have in flight towards us. */
export interface SessionWindows {
  /** For one stream. */
  readonly streamWindowBytes: number;
  /** For all streams together. */
  readonly connectionWindowBytes: number;
}
