import type { Extension } from '../../../crypto/extensions.ts';
import type { PublicKey } from '../../../crypto/key.ts';
import type { Name } from '../../../crypto/name.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';

/** What of an X.509 CA's certificate may be composed. */
export interface X509CaAttributes {
  readonly subject: Name;
  /** Object identifiers in dotted form. */
  readonly policyIdentifiers: readonly string[];
  readonly extraExtensions: readonly Extension[];
}

/** What of an X509-SVID may be composed. */
export interface X509SvidAttributes {
  readonly subject: Name;
  readonly dnsNames: readonly string[];
  readonly extraExtensions: readonly Extension[];
}

/** What of a JWT-SVID may be composed. */
export interface JwtSvidAttributes {
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Whose X509-SVID is composed. */
export interface ComposedSubject {
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
}

/**
 * Changes what is in credentials before they are signed. Each method gets what the one before it gave and returns the
 * whole of what shall be signed; a composer leaves out what it does not care for. Whatever they throw ends the signing.
 */
export interface CredentialComposer {
  /** The name in the configuration, such as `uniqueid`. */
  readonly name: string;
  composeServerX509Ca?(attributes: X509CaAttributes): Promise<X509CaAttributes>;
  composeServerX509Svid?(attributes: X509SvidAttributes): Promise<X509SvidAttributes>;
  composeAgentX509Svid?(attributes: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes>;
  composeWorkloadX509Svid?(attributes: X509SvidAttributes, subject: ComposedSubject): Promise<X509SvidAttributes>;
  composeWorkloadJwtSvid?(
    attributes: JwtSvidAttributes,
    subject: Pick<ComposedSubject, 'spiffeId'>,
  ): Promise<JwtSvidAttributes>;
}
