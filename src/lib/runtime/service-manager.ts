import type { CancelTimer, Clock } from './clock.ts';
import { SpirekitError } from './errors.ts';

/** Constants of socket(2) and unix(7), as Linux numbers them but on MIPS and SPARC. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** `sun_path` of `struct sockaddr_un`. */
const MAX_PATH_BYTES = 108;
const FAMILY_BYTES = 2;

/** What of the environment says where the service manager listens, and how often it wants to hear of us. */
export interface ServiceManagerEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** Sends datagrams to one address. Returns false if it could not. */
export type SendDatagram = (data: Buffer) => boolean;

/**
 * Tells the service manager that started us how we are (sd_notify(3)): datagrams on the unix socket that NOTIFY_SOCKET
 * names, also an abstract one. Node has no such sockets, so the C library is asked. What cannot be sent is not missed: the
 * manager decides what follows from silence.
 */
export class ServiceManager implements Disposable {
  readonly #send: SendDatagram;
  readonly #clock: Clock;
  #cancelWatchdog: CancelTimer | undefined;

  private constructor(send: SendDatagram, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /**
   * Finds the one that the environment names; undefined if there is none. Says at half of the time it allows that we are
   * alive, until disposed.
   *
   * @throws SpirekitError `invalid-argument` if NOTIFY_SOCKET is no address of a unix socket
   */
  static async find(
    env: ServiceManagerEnvironment,
    clock: Clock,
    open: (address: Buffer) => Promise<SendDatagram> = openDatagramSocket,
  ): Promise<ServiceManager | undefined> {
    const address = env.NOTIFY_SOCKET;
    if (address === undefined || address === '') return undefined;
    const manager = new ServiceManager(await open(encodeUnixAddress(address)), clock);
    const everyMs = watchdogMs(env);
    if (everyMs !== undefined) manager.#watchdog(everyMs / 2);
    return manager;
  }

  /** All is in place. */
  ready(status: string): void {
    this.#tell('READY=1', `STATUS=${oneLine(status)}`);
  }

  /** What is kept has changed and those who use it are being told; {@link ready} ends that. */
  reloading(status: string): void {
    // The clock that never jumps back counts from where CLOCK_MONOTONIC does, which is what the manager compares with.
    const microseconds = Math.floor(this.#clock.monotonicMs() * 1000);
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`, `STATUS=${oneLine(status)}`);
  }

  status(status: string): void {
    this.#tell(`STATUS=${oneLine(status)}`);
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  [Symbol.dispose](): void {
    this.#cancelWatchdog?.();
  }

  #watchdog(everyMs: number): void {
    this.#tell('WATCHDOG=1');
    this.#cancelWatchdog = this.#clock.schedule(everyMs, () => this.#watchdog(everyMs), { unref: true });
  }

  #tell(...lines: readonly string[]): void {
    this.#send(Buffer.from(lines.join('\n')));
  }
}

/** How long we may be silent, in milliseconds; undefined if nobody minds, or another process is meant. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceManagerEnvironment): number | undefined {
  if (!/^[1-9][0-9]{0,17}$/.test(WATCHDOG_USEC ?? '')) return undefined;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== `${process.pid}`) return undefined;
  return Math.max(2, Number(WATCHDOG_USEC) / 1000);
}

/** A status is one line. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 512);
}

/**
 * The address of a unix socket as the kernel wants it (`struct sockaddr_un`): an absolute path, or `@` and an abstract name.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function encodeUnixAddress(address: string): Buffer {
  const name = Buffer.from(address);
  const isAbstract = address.startsWith('@');
  if ((!isAbstract && !address.startsWith('/')) || name.includes(0) || name.length < 2) {
    throw new SpirekitError('invalid-argument', `NOTIFY_SOCKET ${JSON.stringify(address)} is no path of a unix socket`);
  }
  if (name.length > (isAbstract ? MAX_PATH_BYTES : MAX_PATH_BYTES - 1)) {
    throw new SpirekitError('invalid-argument', 'NOTIFY_SOCKET is too long for a unix socket');
  }
  const encoded = Buffer.alloc(FAMILY_BYTES + name.length + (isAbstract ? 0 : 1));
  // In the order of bytes of the machine; all that Node runs on here are little-endian but s390x.
  if (LITTLE_ENDIAN) encoded.writeUInt16LE(AF_UNIX, 0);
  else encoded.writeUInt16BE(AF_UNIX, 0);
  name.copy(encoded, FAMILY_BYTES);
  if (isAbstract) encoded[FAMILY_BYTES] = 0;
  return encoded;
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

async function openDatagramSocket(address: Buffer): Promise<SendDatagram> {
  if (process.platform !== 'linux') return () => false;
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const sendto = libc.func(
    'long sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)',
  );
  const fd = Number(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return () => false;
  return (data) =>
    Number(sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length)) === data.length;
}
