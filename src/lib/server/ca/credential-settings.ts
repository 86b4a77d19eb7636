import type { ServerConfig } from '../../config/server/server-config.ts';
import { Name } from '../../crypto/name.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Composition } from './composition.ts';

/** What the configuration says about credentials. Lifetimes in seconds. */
export interface CredentialSettings {
  readonly trustDomain: TrustDomain;
  /** Of CAs; `serialNumber` is added where it has none. */
  readonly caSubject: Name;
  readonly caTtlSeconds: number;
  readonly x509SvidTtlSeconds: number;
  readonly jwtSvidTtlSeconds: number;
  readonly agentTtlSeconds: number;
  /** The `iss` claim; absent means none. */
  readonly jwtIssuer: string | undefined;
  readonly isJwtSvidEnabled: boolean;
  /** What composers add; empty by default. */
  readonly composition?: Composition | undefined;
}

/** Subject of X509-SVIDs that name none. */
export const X509_SVID_SUBJECT = Name.of({ country: ['US'], organization: ['SPIRE'] });

/** How far certificates are dated back, for clocks that are late. */
const BACKDATE_MS = 10_000;

/** When a credential made now begins and ends. */
export interface Lifetime {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** From a little before now until the TTL is over, yet never past the end of the issuer. */
export function lifetimeFrom(clock: Clock, ttlSeconds: number, issuerEndsSeconds?: number): Lifetime {
  const now = clock.nowMs();
  const end = now + ttlSeconds * 1000;
  return {
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(issuerEndsSeconds === undefined ? end : Math.min(end, issuerEndsSeconds * 1000)),
  };
}

/** The wanted TTL where it says something, else the default. */
export function ttlOrDefault(wantedSeconds: number | undefined, defaultSeconds: number): number {
  return wantedSeconds !== undefined && wantedSeconds > 0 ? wantedSeconds : defaultSeconds;
}

/** A name with a serial number attribute: that of the certificate unless the name has one. */
export function withSerialNumber(subject: Name, serialNumber: bigint): Name {
  return subject.serialNumber === ''
    ? Name.of({ ...subject.fields(), serialNumber: serialNumber.toString() })
    : subject;
}

/** What the configuration of a server says of its credentials. */
export function credentialSettings(config: ServerConfig, composition: Composition): CredentialSettings {
  return {
    trustDomain: config.trustDomain,
    caSubject: Name.of(config.caSubject),
    caTtlSeconds: config.caTtlSeconds,
    x509SvidTtlSeconds: config.defaultX509SvidTtlSeconds,
    jwtSvidTtlSeconds: config.defaultJwtSvidTtlSeconds,
    agentTtlSeconds: config.agentTtlSeconds,
    jwtIssuer: config.jwtIssuer,
    isJwtSvidEnabled: !config.disableJwtSvids,
    composition: composition.isEmpty ? undefined : composition,
  };
}
