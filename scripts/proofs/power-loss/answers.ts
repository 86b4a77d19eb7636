import type { SystemCallMoment } from './system-calls.ts';

const DATA = 0;
const FRAME_HEADER_BYTES = 9;

/** An answer that a server began to write to a caller. */
export interface Answer {
  /** The connection, as strace names it. */
  readonly connection: string;
  /** Counts the calls on the connection from 1. */
  readonly call: number;
  /** The first DATA frame of the answer. */
  readonly message: Buffer;
}

/** Finds answers in what a server writes to HTTP/2 connections over unix sockets, at the moment that each write begins. */
export class AnswerFinder {
  readonly #rest = new Map<string, Buffer>();
  readonly #answered = new Map<string, number>();

  take({ stage, name, target, strings }: SystemCallMoment): Answer[] {
    const isWrite = name === 'write' || name === 'writev' || name === 'sendmsg' || name === 'sendto';
    if (stage !== 'begins' || !isWrite || !target.startsWith('UNIX-STREAM:')) return [];
    let bytes = Buffer.concat([this.#rest.get(target) ?? Buffer.alloc(0), ...strings]);
    const answers: Answer[] = [];
    while (bytes.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      const call = (bytes.readUInt32BE(5) + 1) / 2;
      if (bytes[3] === DATA && call > (this.#answered.get(target) ?? 0)) {
        this.#answered.set(target, call);
        answers.push({ connection: target, call, message: bytes.subarray(FRAME_HEADER_BYTES, end) });
      }
      bytes = bytes.subarray(end);
    }
    this.#rest.set(target, bytes);
    return answers;
  }
}

/** Larger than any record of a handshake or of HTTP/2's own but the one with the server's certificate and the answer. */
const LARGE_BYTES = 400;

/**
 * Finds when a server answers the only call of a TLS connection: what it writes cannot be read, but only its handshake and
 * the answer, which holds a certificate, are large. A later connection may have the same ports, and then the same name.
 */
export class TlsAnswerFinder {
  readonly #largeWrites = new Map<string, number>();

  /** The connection, when its answer begins to be written. */
  take({ stage, name, target, strings }: SystemCallMoment): string | undefined {
    const isWrite = name === 'write' || name === 'writev' || name === 'sendmsg' || name === 'sendto';
    if (stage !== 'begins' || !isWrite || !target.startsWith('TCP:')) return undefined;
    if (strings.reduce((sum, { length }) => sum + length, 0) < LARGE_BYTES) return undefined;
    const count = (this.#largeWrites.get(target) ?? 0) + 1;
    this.#largeWrites.set(target, count);
    return count % 2 === 0 ? target : undefined;
  }
}
