import { tlsMaterial } from '../../rpc/tls-material.ts';
import type { ServerSvidSource } from '../ca/server-svid.ts';

/** Certificate chain and key in PEM, as Node's TLS takes them. */
export interface TlsIdentity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** What an endpoint proves itself with. */
export interface ServingIdentity {
  /** For the next handshakes; another object if and only if it is another identity. */
  readonly current: TlsIdentity;
}

/** The server's own X509-SVID: profile `https_spiffe`. */
export class SvidServingIdentity implements ServingIdentity {
  readonly #source: Pick<ServerSvidSource, 'current'>;
  #svid: ServerSvidSource['current'] | undefined;
  #current: TlsIdentity | undefined;

  constructor(source: Pick<ServerSvidSource, 'current'>) {
    this.#source = source;
  }

  get current(): TlsIdentity {
    const svid = this.#source.current;
    if (this.#current === undefined || svid !== this.#svid) {
      this.#svid = svid;
      const chain = svid.certificates.map(({ der }) => der);
      this.#current = tlsMaterial(chain, svid.privateKey);
    }
    return this.#current;
  }
}
