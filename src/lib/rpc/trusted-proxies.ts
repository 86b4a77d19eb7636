import { BlockList, isIPv6, type Socket } from 'node:net';
import { SpirekitError } from '../runtime/errors.ts';
import type { ListenerContext } from './listener-context.ts';
import { LONGEST_PROXY_HEADER, type ProxiedSource, parseProxyHeader } from './proxy-header.ts';

/** Whose PROXY protocol headers are believed. */
export class TrustedProxies {
  readonly #networks = new BlockList();

  /** @param cidrs `address/bits`; Go too ignores what stands behind the bits */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', bits = ''] = cidr.split('/');
      this.#networks.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  has(address: string): boolean {
    const plain = withoutMapping(address);
    return this.#networks.check(plain, familyOf(plain));
  }

  /**
   * Waits for the first bytes of a connection and takes the header off them. Undefined where there is none: a proxy may
   * connect for itself.
   *
   * Rejects with `invalid-argument` for a malformed header, `permission-denied` for one from an address that is not
   * trusted, `deadline-exceeded` if nothing or too little comes, `canceled` if the other end leaves.
   */
  async loadSource(
    socket: Socket,
    { clock, handshakeTimeoutMs }: Pick<ListenerContext, 'clock' | 'handshakeTimeoutMs'>,
  ): Promise<ProxiedSource | undefined> {
    const isTrusted = this.has(socket.remoteAddress ?? '');
    const late = Promise.withResolvers<never>();
    late.promise.catch(() => {});
    const cancel = clock.schedule(
      handshakeTimeoutMs,
      () => late.reject(new SpirekitError('deadline-exceeded', 'the first bytes do not come')),
      { unref: true },
    );
    try {
      let bytes = Buffer.alloc(0);
      for (;;) {
        const chunk = await Promise.race([nextChunk(socket), late.promise]);
        bytes = Buffer.concat([bytes, chunk]);
        const header = parseProxyHeader(bytes.subarray(0, LONGEST_PROXY_HEADER));
        if (header.kind === 'incomplete') continue;
        if (header.kind === 'header' && !isTrusted) {
          throw new SpirekitError('permission-denied', 'a PROXY protocol header from an address that is not trusted');
        }
        // TLS takes up what is buffered in the socket.
        const rest = header.kind === 'header' ? bytes.subarray(header.length) : bytes;
        if (rest.length > 0) socket.unshift(rest);
        return header.kind === 'header' ? header.source : undefined;
      }
    } finally {
      cancel();
    }
  }
}

function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      socket.off('readable', onReadable);
      socket.off('close', onClose);
      socket.off('error', onError);
      finish();
    };
    const onClose = (): void => settle(() => reject(new SpirekitError('canceled', 'the client has gone')));
    const onError = (error: Error): void => settle(() => reject(SpirekitError.from(error)));
    const onReadable = (): void => {
      const chunk: unknown = socket.read();
      if (chunk instanceof Buffer) settle(() => resolve(chunk));
      else if (socket.readableEnded) onClose();
    };
    socket.on('close', onClose);
    socket.on('error', onError);
    socket.on('readable', onReadable);
  });
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/** A listener on `::` sees IPv4 as part of IPv6. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
