/** The error codes of HTTP/2 that this side sends. RFC 9113, section 7. */
export const HTTP2_ERROR_CODES = {
  protocol: 1,
  'flow-control': 3,
  'stream-closed': 5,
  'frame-size': 6,
  compression: 9,
  'enhance-your-calm': 11,
} as const;

/** The peer broke the protocol: the connection is given up with this code. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  /** As Node's own HTTP/2 marks such an error, so that both are told in the same words. */
  readonly code = 'ERR_HTTP2_ERROR';
  readonly errno: number;

  constructor(kind: keyof typeof HTTP2_ERROR_CODES, message: string) {
    super(message);
    this.errno = HTTP2_ERROR_CODES[kind];
  }
}
