import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { SpirekitError } from '../runtime/errors.ts';
import { openStartTimeWatch, type ProcessWatch } from './process-watch.ts';

/** Who opened a unix socket, as the kernel noted at connect: effective ids, and the pid in our own pid namespace. */
export interface PeerCredentials {
  /** 0 if the process is in another pid namespace. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** `SOL_SOCKET` and options of `socket(7)`, as the generic Linux headers number them, and PowerPC's own number. */
const SOL_SOCKET = 1;
const SO_PEERCRED = process.arch === 'ppc64' ? 21 : 17;
const SO_PEERPIDFD = 77;

/** `struct ucred`: pid, uid, gid. */
const UCRED_BYTES = 12;
const INT_BYTES = 4;

/** `struct pollfd`: fd (4), events (2), revents (2). */
const POLLFD_BYTES = 8;
const POLLIN = 1;

/** What the C library is asked for. */
export interface SystemCalls {
  /** Returns 0, or -1. */
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: Uint32Array): number;
  poll(fds: Buffer, count: number, timeoutMs: number): number;
  close(fd: number): number;
}

/** Reads kernel credentials of unix sockets. Linux only. */
export class PeerCredentialReader {
  readonly #calls: SystemCalls;
  #hasPidfds = false;

  private constructor(calls: SystemCalls) {
    this.#calls = calls;
  }

  /**
   * Loads the system calls and proves on a connection of this process to itself that they tell the truth: the file
   * descriptor of a socket is not public API of Node. Rejects with `unimplemented` where there is no Linux and with
   * `internal` if the proof fails.
   *
   * @param load other system calls than the kernel's only for tests
   */
  static async open(load: () => Promise<SystemCalls> = loadSystemCalls): Promise<PeerCredentialReader> {
    if (process.platform !== 'linux') {
      throw new SpirekitError('unimplemented', 'telling who calls on a unix socket is only implemented for Linux');
    }
    const reader = new PeerCredentialReader(await load());
    await reader.#proveOnOurselves();
    return reader;
  }

  /** Throws `internal` if the kernel does not answer or the socket has no descriptor. */
  read(socket: Socket): PeerCredentials {
    const value = this.#getOption(descriptorOf(socket), SO_PEERCRED, UCRED_BYTES);
    if (value === undefined) throw new SpirekitError('internal', 'the kernel did not tell who opened the socket');
    return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
  }

  /**
   * Watches the process that opened the socket: by a pidfd which the kernel ties to that very process (Linux 6.5 and
   * later), else by the start time of whoever has its pid now. A kernel that has pidfds and gives none says that the
   * process has ended: whoever has its pid now is another.
   */
  watch(socket: Socket, pid: number): ProcessWatch {
    const pidfd = this.#findPidfd(socket);
    if (pidfd !== undefined) return new PidfdWatch(this.#calls, pidfd);
    return this.#hasPidfds ? ENDED : openStartTimeWatch(pid);
  }

  #findPidfd(socket: Socket): number | undefined {
    return this.#getOption(descriptorOf(socket), SO_PEERPIDFD, INT_BYTES)?.readInt32LE(0);
  }

  #getOption(fd: number, name: number, bytes: number): Buffer | undefined {
    const value = Buffer.alloc(bytes);
    const length = Uint32Array.of(bytes);
    const result = this.#calls.getsockopt(fd, SOL_SOCKET, name, value, length);
    return result === 0 && length[0] === bytes ? value : undefined;
  }

  /** An abstract socket needs no file; a stranger who connects to it first makes the proof fail, never succeed. */
  async #proveOnOurselves(): Promise<void> {
    const server = createServer();
    let client: Socket | undefined;
    try {
      const name = `\0spirekit-self-test-${process.pid}-${crypto.randomUUID()}`;
      server.listen(name);
      await once(server, 'listening');
      const accepted = once(server, 'connection');
      client = connect(name);
      client.on('error', () => {});
      const [socket]: Socket[] = await accepted;
      if (socket === undefined) throw new SpirekitError('internal', 'the self-test got no connection');
      const { pid, uid, gid } = this.read(socket);
      const pidfd = this.#findPidfd(socket);
      this.#hasPidfds = pidfd !== undefined;
      using watch = pidfd === undefined ? openStartTimeWatch(pid) : new PidfdWatch(this.#calls, pidfd);
      const isAlive = watch.isAlive();
      socket.destroy();
      const isRight = pid === process.pid && uid === process.geteuid?.() && gid === process.getegid?.() && isAlive;
      if (!isRight) {
        throw new SpirekitError('internal', 'the credentials of a unix socket of this process were read wrongly');
      }
    } finally {
      client?.destroy();
      server.close();
    }
  }
}

/** The watch of a process that has ended. */
const ENDED: ProcessWatch = { isAlive: () => false, [Symbol.dispose]: () => {} };

/** A pidfd becomes readable when its process ends. */
class PidfdWatch implements ProcessWatch {
  readonly #calls: SystemCalls;
  #fd: number | undefined;

  constructor(calls: SystemCalls, fd: number) {
    this.#calls = calls;
    this.#fd = fd;
  }

  isAlive(): boolean {
    if (this.#fd === undefined) return false;
    const entry = Buffer.alloc(POLLFD_BYTES);
    entry.writeInt32LE(this.#fd, 0);
    entry.writeInt16LE(POLLIN, 4);
    return this.#calls.poll(entry, 1, 0) === 0;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) this.#calls.close(this.#fd);
    this.#fd = undefined;
  }
}

/** Those of the C library of this process. */
export async function loadSystemCalls(): Promise<SystemCalls> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const getsockopt = libc.func(
    'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)',
  );
  const poll = libc.func('int poll(_Inout_ void *fds, unsigned long count, int timeout)');
  const close = libc.func('int close(int fd)');
  return {
    getsockopt: (fd, level, name, value, length) => Number(getsockopt(fd, level, name, value, length)),
    poll: (fds, count, timeoutMs) => Number(poll(fds, count, timeoutMs)),
    close: (fd) => Number(close(fd)),
  };
}

function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || fd < 0) throw new SpirekitError('internal', 'the socket has no file descriptor');
  return fd;
}
