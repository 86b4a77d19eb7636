import type { KeyObject } from 'node:crypto';
import type { TlsPeer, UnixPeer } from './call-context.ts';

/** A unix socket to serve. */
export interface UnixListenerOptions {
  /** At most 107 bytes on Linux. A socket file that nobody listens on is removed first. */
  readonly path: string;
  /** File mode of the socket, for example `0o777`; not subject to the umask. */
  readonly socketMode: number;
  /** If given, the missing parts of the socket's directory are made with this mode. */
  readonly dirMode?: number | undefined;
  /** Sees every connection first; throws to refuse it. */
  readonly onPeer?: ((peer: UnixPeer) => void) | undefined;
}

/** The server's certificates and their key. */
export interface TlsIdentity {
  /** DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

/** A TLS port to serve. */
export interface TlsListenerOptions {
  /** The address to bind. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Asked at start and at each {@link TlsListener.rotate}. */
  readonly secureContext: () => TlsIdentity;
  /**
   * Sees the client's certificates (DER, leaf first; never empty) at the end of the handshake; throws to refuse the
   * connection before any call. A client without certificates is let through to the handlers unless
   * `requireClientCertificate` is set.
   */
  readonly verifyClient?: ((chainDer: readonly Uint8Array[], peer: TlsPeer) => void) | undefined;
  /** False by default: an agent has no certificate before attestation. */
  readonly requireClientCertificate?: boolean | undefined;
  /** OpenSSL's names of the key exchange groups to allow, in order, with colons; OpenSSL's default otherwise. */
  readonly keyExchangeGroups?: string | undefined;
  /**
   * Networks (`address/bits`) of proxies that say by the PROXY protocol where a connection comes from. Where there are
   * any, a header from elsewhere ends the connection; nobody has to send one. None by default.
   */
  readonly trustedProxies?: readonly string[] | undefined;
}

/** A TLS port that is being served. */
export interface TlsListener {
  readonly host: string;
  /** The bound port. */
  readonly port: number;
  /** Takes the identity from `secureContext` again, for connections from now on. */
  rotate(): void;
}
