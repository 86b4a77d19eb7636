import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';

/** What one connection may do. */
export interface ServerSessionOptions {
  readonly clock: Clock;
  /** Calls under way at once. */
  readonly maxConcurrentStreams: number;
  /** After so long without a byte the client is asked for a sign of life. */
  readonly keepaliveMs: number;
}

/** The client has so long for a sign of life. */
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** Names, values and 32 bytes for each (RFC 9113, section 6.5.2): far more than any call of ours has. */
const MAX_HEADER_LIST_BYTES = 16 * 1024;
const MAX_HEADER_PAIRS = 128;

/** Of headers in decoding, data not yet written and answers to control frames, in megabytes as Node counts them. */
const MAX_SESSION_MEMORY = 32;

/**
 * Pings and settings that a client may send at once, and how many more each second. Whatever it is sent meanwhile lets it
 * begin anew: Go's clients measure the way by a ping for every answer, as Go's servers expect.
 */
const CONTROL_FRAMES_AT_ONCE = 200;
const CONTROL_FRAMES_PER_SECOND = 10;

/** HTTP/2 on one connection, as the server of calls sees it. */
export interface ServerSession {
  readonly session: ServerHttp2Session;
  /** To be called whenever something of an answer is sent. */
  readonly noteAnswer: () => void;
}

/**
 * Opens HTTP/2 on a connection, with bounds on everything that a client can have for nothing: Node and nghttp2 end the
 * connection of one that resets streams in a row (CVE-2023-44487), sends header blocks without end (CVE-2023-45288) or
 * empty frames; here are their limits, and those on pings and settings, which they answer for ever.
 */
export function openServerSession(socket: Socket, options: ServerSessionOptions): ServerSession {
  const session = performServerHandshake(socket, {
    maxSessionMemory: MAX_SESSION_MEMORY,
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: 1000,
    streamResetRate: 33,
    settings: {
      enablePush: false,
      maxConcurrentStreams: options.maxConcurrentStreams,
      maxHeaderListSize: MAX_HEADER_LIST_BYTES,
    },
  });
  // What was wrong is between the client and HTTP/2; 'close' follows.
  session.on('error', () => {});
  keepAlive(session, socket, options);
  return { session, noteAnswer: boundControlFrames(session, options.clock) };
}

/** Returns what forgives the frames so far. */
function boundControlFrames(session: ServerHttp2Session, clock: Clock): () => void {
  let left = CONTROL_FRAMES_AT_ONCE;
  let lastMs = clock.monotonicMs();
  const count = (): void => {
    const nowMs = clock.monotonicMs();
    left = Math.min(CONTROL_FRAMES_AT_ONCE, left + ((nowMs - lastMs) / 1000) * CONTROL_FRAMES_PER_SECOND) - 1;
    lastMs = nowMs;
    if (left < 0 && !session.destroyed) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on('ping', count);
  session.on('remoteSettings', count);
  return () => {
    left = CONTROL_FRAMES_AT_ONCE;
  };
}

/** Closes the connection of a client that is silent for long and answers no ping. */
function keepAlive(session: ServerHttp2Session, socket: Socket, { clock, keepaliveMs }: ServerSessionOptions): void {
  let cancel: () => void;
  const watch = (): void => {
    const seen = socket.bytesRead;
    cancel = clock.schedule(keepaliveMs, () => (socket.bytesRead === seen ? ask() : watch()), { unref: true });
  };
  const ask = (): void => {
    cancel = clock.schedule(KEEPALIVE_TIMEOUT_MS, () => session.destroy(), { unref: true });
    // Nothing is sent if the session ends at this very moment.
    session.ping((error) => {
      cancel();
      if (error === null) watch();
    });
  };
  watch();
  session.once('close', () => cancel());
}
