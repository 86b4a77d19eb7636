import { EventEmitter } from 'node:events';
import type { ClientSession, ResponseHeaders, SessionWindows } from './client-session.ts';
import { encodeHttp2Frame, type Frame, FrameFlag, FrameReader, FrameType, MAX_FRAME_BYTES, unpad } from './frame.ts';
import { encodeHeaders } from './header-encoder.ts';
import { type HeaderField, HpackDecoder } from './hpack-decoder.ts';
import { Http2Error } from './http2-error.ts';
import { LightStream } from './light-stream.ts';
import { ReceiveWindows } from './receive-windows.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Identifiers of settings. RFC 9113, section 6.5.2. */
const Setting = { headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4 } as const;

/** How many requests go out before the server has said how many it takes. */
const STREAMS_BEFORE_SETTINGS = 100;

/** RFC 9113, section 7. */
const FLOW_CONTROL_ERROR = 3;
const REFUSED_STREAM = 7;

const DEFAULT_WINDOW_BYTES = 65_535;
const LARGEST_WINDOW_BYTES = 0x7fff_ffff;
const LARGEST_STREAM_ID = 0x7fff_ffff;

/** The most that the header blocks of one response may take on the wire, continuations included. */
const MAX_BLOCK_BYTES = 64 * 1024;

/** How many answers to pings and settings may wait for a server that does not read them. */
const MAX_UNREAD_ANSWERS = 10_000;

/** The table size that a header encoder begins with. RFC 7541, section 4.2; RFC 9113, section 6.5.2. */
const DEFAULT_TABLE_BYTES = 4096;

/** Says that the table has no room, which fits any limit. RFC 7541, section 6.3. */
const NO_TABLE = Buffer.of(0x20);

/** What a session needs of its socket. */
interface SessionSocket {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): unknown;
  cork(): void;
  uncork(): void;
  destroySoon(): void;
  unref(): unknown;
}

interface LightSessionEvents {
  remoteSettings: [];
  goaway: [code: number, lastStreamId: number, debugData?: Buffer];
  error: [error: Error];
  close: [];
}

/**
 * The client's half of an HTTP/2 connection on a socket that is already open: as much of RFC 9113 as gRPC calls over a
 * unix socket need, with the events and methods of Node's `ClientHttp2Session` that our client uses. Node's own module
 * takes longer to load than a whole call takes; a command that makes one call and ends starts faster with this one.
 */
export class LightSession extends EventEmitter<LightSessionEvents> implements ClientSession {
  readonly #socket: SessionSocket;
  readonly #windows: ReceiveWindows;
  readonly #frames = new FrameReader();
  readonly #hpack = new HpackDecoder();
  readonly #streams = new Map<number, LightStream>();
  readonly #pings: ((error: Error | null) => void)[] = [];
  readonly #waiting: { readonly stream: LightStream; readonly headers: Buffer }[] = [];
  #maxStreams = STREAMS_BEFORE_SETTINGS;
  #nextId = 1;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #peerStreamWindow = DEFAULT_WINDOW_BYTES;
  #block: { streamId: number; parts: Buffer[]; bytes: number; flags: number } | undefined;
  #unreadAnswers = 0;
  #mustShrinkTable = false;
  #isDraining = false;
  #isDestroyed = false;
  #hasSettings = false;

  constructor(socket: SessionSocket, options: SessionWindows) {
    super();
    this.#socket = socket;
    this.#windows = new ReceiveWindows(options, (id, bytes) => this.#openWindow(id, bytes));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(Setting.enablePush, 0);
    settings.writeUInt16BE(Setting.initialWindowSize, 6);
    settings.writeUInt32BE(options.streamWindowBytes, 8);
    const window = Buffer.alloc(4);
    window.writeUInt32BE(options.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
    socket.cork();
    socket.write(PREFACE);
    this.#send(FrameType.settings, 0, 0, settings);
    this.#send(FrameType.windowUpdate, 0, 0, window);
    process.nextTick(() => socket.uncork());
  }

  /** True when the connection is over. */
  get destroyed(): boolean {
    return this.#isDestroyed;
  }

  /** True when no further request may begin: the connection is over or about to be, or has used up its stream ids. */
  get closed(): boolean {
    return this.#isDestroyed || this.#isDraining || this.#nextId > LARGEST_STREAM_ID;
  }

  /** How many bytes of data may be sent in one frame now. @internal */
  get sendRoom(): number {
    return Math.min(this.#sendWindow, MAX_FRAME_BYTES);
  }

  /** Begins a request, at once or when the server takes another one. Header names in lower case. */
  request(headers: Readonly<Record<string, string | readonly string[]>>): LightStream {
    const id = this.#nextId;
    const stream = new LightStream(this, id);
    if (this.closed) {
      process.nextTick(() => stream.onReset(REFUSED_STREAM));
      return stream;
    }
    this.#nextId += 2;
    this.#waiting.push({ stream, headers: encodeHeaders(requestFields(headers)) });
    this.#startWaiting();
    return stream;
  }

  /** Asks for a sign of life; the callback gets null when it came. */
  ping(callback: (error: Error | null) => void): void {
    this.#pings.push(callback);
    this.#send(FrameType.ping, 0, 0, Buffer.alloc(8));
  }

  /** Ends the connection at once, and every stream with it. */
  destroy(error?: Error): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    if (error instanceof Http2Error) {
      const payload = Buffer.alloc(8);
      payload.writeUInt32BE(error.errno, 4);
      this.#socket.write(encodeHttp2Frame(FrameType.goaway, 0, 0, payload));
    }
    this.#socket.destroySoon();
    // What is still to be sent must not keep the process alive when nobody reads it.
    this.#socket.unref();
    if (error !== undefined) this.emit('error', error);
    for (const callback of this.#pings.splice(0)) callback(error ?? new Error('the connection has ended'));
    const waiting = this.#waiting.splice(0).map(({ stream }) => stream);
    for (const stream of [...this.#streams.values(), ...waiting]) stream.onLost(error);
    this.emit('close');
  }

  /** Sends data of a stream, which has seen to its own window. @internal */
  sendData(id: number, bytes: Buffer, isLast: boolean, done?: (error: Error | null) => void): void {
    if (this.#isDestroyed) {
      done?.(new Error('the connection has ended'));
      return;
    }
    this.#sendWindow -= bytes.length;
    const frame = encodeHttp2Frame(FrameType.data, isLast ? FrameFlag.endStream : 0, id, bytes);
    this.#socket.write(frame, (error) => done?.(error ?? null));
  }

  /** Resets a stream. @internal */
  sendReset(id: number, code: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code);
    this.#send(FrameType.rstStream, 0, id, payload);
  }

  /** A stream has ended. @internal */
  forget(id: number): void {
    if (!this.#streams.delete(id)) {
      const at = this.#waiting.findIndex(({ stream }) => stream.id === id);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
    this.#windows.forget(id);
    this.#startWaiting();
    this.#endIfDrained();
  }

  /** Data was taken. @internal */
  consumed(id: number, bytes: number, isLast: boolean): void {
    this.#windows.consumed(id, bytes, isLast);
  }

  #startWaiting(): void {
    while (this.#streams.size < this.#maxStreams && !this.#isDestroyed) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { stream, headers } = next;
      if (stream.closed) continue;
      this.#streams.set(stream.id, stream);
      this.#socket.cork();
      this.#sendHeaders(stream.id, headers);
      stream.start(this.#peerStreamWindow);
      process.nextTick(() => this.#socket.uncork());
    }
  }

  /** A server that says goodbye may leave it to the client to hang up. Later, so that the last stream ends first. */
  #endIfDrained(): void {
    if (this.#isDraining && this.#streams.size === 0) process.nextTick(() => this.destroy());
  }

  #sendHeaders(id: number, fields: Buffer): void {
    const block = this.#mustShrinkTable ? Buffer.concat([NO_TABLE, fields]) : fields;
    this.#mustShrinkTable = false;
    for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
      const flags = at + MAX_FRAME_BYTES >= block.length ? FrameFlag.endHeaders : 0;
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      this.#send(type, flags, id, block.subarray(at, at + MAX_FRAME_BYTES));
    }
  }

  #openWindow(id: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes);
    this.#send(FrameType.windowUpdate, 0, id, payload);
  }

  #send(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (!this.#isDestroyed) this.#socket.write(encodeHttp2Frame(type, flags, streamId, payload));
  }

  /** Answers a ping or settings. Throws {@link Http2Error} when too many answers have not been read. */
  #answer(type: number, payload: Uint8Array): void {
    if (this.#isDestroyed) return;
    this.#unreadAnswers += 1;
    if (this.#unreadAnswers > MAX_UNREAD_ANSWERS) throw new Http2Error('enhance-your-calm', 'too many unread answers');
    this.#socket.write(encodeHttp2Frame(type, FrameFlag.ack, 0, payload), () => {
      this.#unreadAnswers -= 1;
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#isDestroyed) return;
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#isDestroyed) return;
        this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.destroy(error);
    }
  }

  #take(frame: Frame): void {
    if (!this.#hasSettings && (frame.type !== FrameType.settings || (frame.flags & FrameFlag.ack) !== 0)) {
      throw new Http2Error('protocol', 'no settings first');
    }
    if (
      this.#block !== undefined &&
      (frame.type !== FrameType.continuation || frame.streamId !== this.#block.streamId)
    ) {
      throw new Http2Error('protocol', 'header block interrupted');
    }
    switch (frame.type) {
      case FrameType.data:
        this.#takeData(frame);
        break;
      case FrameType.headers:
        this.#requireStream(frame);
        this.#block = { streamId: frame.streamId, parts: [], bytes: 0, flags: frame.flags };
        this.#takeBlock(frame, unpad(frame));
        break;
      case FrameType.continuation:
        if (this.#block === undefined) throw new Http2Error('protocol', 'continuation of nothing');
        this.#takeBlock(frame, frame.payload);
        break;
      case FrameType.rstStream:
        this.#requireStream(frame);
        requireLength(frame, 4);
        this.#streams.get(frame.streamId)?.onReset(frame.payload.readUInt32BE(0));
        break;
      case FrameType.settings:
        this.#takeSettings(frame);
        break;
      case FrameType.pushPromise:
        throw new Http2Error('protocol', 'pushed although push is off');
      case FrameType.ping:
        this.#takePing(frame);
        break;
      case FrameType.goaway:
        this.#takeGoaway(frame);
        break;
      case FrameType.windowUpdate:
        this.#takeWindowUpdate(frame);
        break;
      default:
      // Frames of unknown types, and PRIORITY, mean nothing here. RFC 9113, section 4.1.
    }
  }

  /** Frames of a stream may only name one that this side has opened. */
  #requireStream({ streamId }: Frame): void {
    if (streamId === 0 || streamId % 2 === 0 || streamId >= this.#nextId) {
      throw new Http2Error('protocol', `frame for stream ${streamId}, which was never opened`);
    }
  }

  #takeData(frame: Frame): void {
    this.#requireStream(frame);
    const stream = this.#streams.get(frame.streamId);
    const chunk = unpad(frame);
    const isLast = (frame.flags & FrameFlag.endStream) !== 0;
    this.#windows.received(frame.streamId, frame.payload.length);
    if (stream === undefined) {
      // The stream is gone on this side; its bytes still count for the connection.
      this.#windows.forget(frame.streamId);
      return;
    }
    const padding = frame.payload.length - chunk.length;
    if (padding > 0) this.#windows.consumed(frame.streamId, padding, isLast);
    if (chunk.length > 0) stream.onData(chunk);
    if (isLast) stream.onEnd();
  }

  #takeBlock(frame: Frame, part: Buffer): void {
    const block = this.#block;
    if (block === undefined) return;
    block.parts.push(part);
    block.bytes += part.length;
    if (block.bytes > MAX_BLOCK_BYTES || block.parts.length > 64) {
      throw new Http2Error('enhance-your-calm', 'header block too large');
    }
    if ((frame.flags & FrameFlag.endHeaders) === 0) return;
    this.#block = undefined;
    const fields = this.#hpack.decode(Buffer.concat(block.parts));
    const isLast = (block.flags & FrameFlag.endStream) !== 0;
    this.#streams.get(block.streamId)?.onHeaders(responseHeaders(fields), block.flags, isLast);
  }

  #takeSettings(frame: Frame): void {
    if (frame.streamId !== 0) throw new Http2Error('protocol', 'settings of a stream');
    if ((frame.flags & FrameFlag.ack) !== 0) {
      requireLength(frame, 0);
      return;
    }
    if (frame.payload.length % 6 !== 0) throw new Http2Error('frame-size', 'settings of a wrong length');
    if (!this.#hasSettings) this.#maxStreams = Number.POSITIVE_INFINITY;
    for (let at = 0; at < frame.payload.length; at += 6) {
      const value = frame.payload.readUInt32BE(at + 2);
      const name = frame.payload.readUInt16BE(at);
      if (name === Setting.initialWindowSize) this.#resizeStreams(value);
      if (name === Setting.maxConcurrentStreams) this.#maxStreams = value;
      if (name === Setting.headerTableSize && value < DEFAULT_TABLE_BYTES) this.#mustShrinkTable = true;
    }
    this.#answer(FrameType.settings, Buffer.alloc(0));
    this.#startWaiting();
    if (this.#hasSettings) return;
    this.#hasSettings = true;
    this.emit('remoteSettings');
  }

  #resizeStreams(window: number): void {
    if (window > LARGEST_WINDOW_BYTES) throw new Http2Error('flow-control', 'initial window too large');
    const change = window - this.#peerStreamWindow;
    this.#peerStreamWindow = window;
    for (const stream of this.#streams.values()) {
      if (stream.sendWindow + change > LARGEST_WINDOW_BYTES) throw new Http2Error('flow-control', 'window too large');
      stream.addSendWindow(change);
    }
  }

  #takePing(frame: Frame): void {
    requireLength(frame, 8);
    if (frame.streamId !== 0) throw new Http2Error('protocol', 'ping of a stream');
    if ((frame.flags & FrameFlag.ack) === 0) this.#answer(FrameType.ping, frame.payload);
    else this.#pings.shift()?.(null);
  }

  #takeGoaway(frame: Frame): void {
    if (frame.payload.length < 8) throw new Http2Error('frame-size', 'goaway of a wrong length');
    if (frame.streamId !== 0) throw new Http2Error('protocol', 'goaway of a stream');
    this.#isDraining = true;
    const last = frame.payload.readUInt32BE(0) & LARGEST_WINDOW_BYTES;
    const debugData = frame.payload.length > 8 ? [frame.payload.subarray(8)] : [];
    this.emit('goaway', frame.payload.readUInt32BE(4), last, ...debugData);
    // The server has not looked at requests beyond its last one, nor at those that were never sent.
    const refused = [...this.#streams.values()].filter(({ id }) => id > last);
    for (const { stream } of this.#waiting.splice(0)) refused.push(stream);
    for (const stream of refused) stream.onReset(REFUSED_STREAM);
    this.#endIfDrained();
  }

  #takeWindowUpdate(frame: Frame): void {
    requireLength(frame, 4);
    const bytes = frame.payload.readUInt32BE(0) & LARGEST_WINDOW_BYTES;
    if (bytes === 0) throw new Http2Error('protocol', 'window update of nothing');
    if (frame.streamId !== 0) {
      this.#requireStream(frame);
      const stream = this.#streams.get(frame.streamId);
      if (stream === undefined) return;
      if (stream.sendWindow + bytes > LARGEST_WINDOW_BYTES) stream.close(FLOW_CONTROL_ERROR);
      else stream.addSendWindow(bytes);
      return;
    }
    this.#sendWindow += bytes;
    if (this.#sendWindow > LARGEST_WINDOW_BYTES) throw new Http2Error('flow-control', 'window too large');
    for (const stream of this.#streams.values()) stream.flush();
  }
}

function requireLength(frame: Frame, length: number): void {
  if (frame.payload.length !== length) throw new Http2Error('frame-size', 'frame of a wrong length');
}

function requestFields(headers: Readonly<Record<string, string | readonly string[]>>): HeaderField[] {
  const fields: HeaderField[] = [[':scheme', 'http']];
  const regular: HeaderField[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) {
      (name.startsWith(':') ? fields : regular).push([name, one]);
    }
  }
  return [...fields, ...regular];
}

/** Fields as Node's HTTP/2 shows them: the first of a repeated one alone becomes a list with the others. */
function responseHeaders(fields: readonly HeaderField[]): ResponseHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of fields) {
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else headers[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  return headers;
}
