import type { KeyObject } from 'node:crypto';

/** Where a client connects to. */
export type RpcTarget =
  | {
      readonly kind: 'unix';
      /** The path of the socket; at most 107 bytes on Linux. */
      readonly path: string;
      /** How the path is spelled in dial errors; `path` by default. */
      readonly errorAddress?: string | undefined;
    }
  | {
      readonly kind: 'tcp';
      /** A name or an address, IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
      /** Without it the connection is in the clear. */
      readonly tls?: RpcTlsOptions | undefined;
    };

/** How a client proves who it is and decides whom it speaks to. */
export interface RpcTlsOptions {
  /** The client's own certificates in DER, leaf first. Sent only if the server asks. */
  readonly certificateChain?: readonly Uint8Array[] | undefined;
  /** The key of the leaf; needed with `certificateChain`. */
  readonly privateKey?: KeyObject | undefined;
  /**
   * Decides on the server by the certificates it presented (DER, leaf first), before any request is sent. Throws to
   * refuse. Nothing else verifies them: Node's own check is off.
   */
  readonly verifyServer: (chainDer: readonly Uint8Array[]) => void;
  /** OpenSSL's names of the key exchange groups to allow, in order, with colons; OpenSSL's default otherwise. */
  readonly keyExchangeGroups?: string | undefined;
}
