import { goQuote } from '../runtime/go-quote.ts';
import { decodeGrpcMessage } from './grpc-message.ts';
import type { ResponseHeaders } from './http2/client-session.ts';
import { RpcCode, type RpcStatus } from './status.ts';

/** HTTP statuses that proxies answer with in gRPC's stead, and what they mean (gRPC's http-grpc-status-mapping). */
const HTTP_STATUS: Readonly<Record<number, RpcCode>> = {
  400: RpcCode.internal,
  401: RpcCode.unauthenticated,
  403: RpcCode.permissionDenied,
  404: RpcCode.unimplemented,
  429: RpcCode.unavailable,
  502: RpcCode.unavailable,
  503: RpcCode.unavailable,
  504: RpcCode.unavailable,
};

/** The phrases of RFC 9110 for what may come; `node:http` knows all, but costs as much to load as the rest of the client. */
const HTTP_PHRASE: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** HTTP/2 error codes in the order of their numbers (RFC 9113, section 7), with the status a reset stream gets. */
const RESET_CODES: readonly (readonly [string, RpcCode])[] = [
  ['NO_ERROR', RpcCode.internal],
  ['PROTOCOL_ERROR', RpcCode.internal],
  ['INTERNAL_ERROR', RpcCode.internal],
  ['FLOW_CONTROL_ERROR', RpcCode.resourceExhausted],
  ['SETTINGS_TIMEOUT', RpcCode.internal],
  ['STREAM_CLOSED', RpcCode.internal],
  ['FRAME_SIZE_ERROR', RpcCode.internal],
  ['REFUSED_STREAM', RpcCode.unavailable],
  ['CANCEL', RpcCode.canceled],
  ['COMPRESSION_ERROR', RpcCode.internal],
  ['CONNECT_ERROR', RpcCode.internal],
  ['ENHANCE_YOUR_CALM', RpcCode.resourceExhausted],
  ['INADEQUATE_SECURITY', RpcCode.permissionDenied],
  ['HTTP_1_1_REQUIRED', RpcCode.internal],
];

/** The name of an HTTP/2 error code: `REFUSED_STREAM`. */
export function http2ErrorName(code: number): string {
  return RESET_CODES[code]?.[0] ?? `unknown error code 0x${code.toString(16)}`;
}

/** What a call ends with whose stream the peer has reset. */
export function statusOfReset(code: number): RpcStatus {
  return {
    status: RESET_CODES[code]?.[1] ?? RpcCode.unknown,
    description: `stream terminated by RST_STREAM with error code: ${http2ErrorName(code)}`,
  };
}

/** The status in trailers, or in the headers of an answer that has nothing else. Without one: `Unknown`. */
export function statusOfTrailers(headers: ResponseHeaders): RpcStatus {
  const raw = first(headers['grpc-status']);
  if (raw !== undefined && !/^[+-]?\d{1,9}$/.test(raw)) {
    return {
      status: RpcCode.unknown,
      description: `transport: malformed grpc-status: strconv.ParseInt: parsing ${goQuote(raw)}: invalid syntax`,
    };
  }
  const details = first(headers['grpc-status-details-bin']);
  return {
    status: raw === undefined ? RpcCode.unknown : Number(raw),
    description: decodeGrpcMessage(first(headers['grpc-message']) ?? ''),
    statusDetails: details === undefined ? undefined : new Uint8Array(Buffer.from(details, 'base64')),
  };
}

/** Why the first headers of an answer show that the peer does not speak gRPC; undefined if it does. */
export function findForeignStatus(headers: ResponseHeaders): RpcStatus | undefined {
  const contentType = first(headers['content-type']);
  if (contentType !== undefined && /^application\/grpc($|[+;])/.test(contentType)) return undefined;
  const http = Number(headers[':status']);
  const complaint =
    contentType === undefined
      ? 'malformed header: missing HTTP content-type'
      : `transport: received unexpected content-type ${goQuote(contentType)}`;
  return {
    status: HTTP_STATUS[http] ?? RpcCode.unknown,
    description: `unexpected HTTP status code received from server: ${http} (${HTTP_PHRASE[http] ?? ''}); ${complaint}`,
  };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
