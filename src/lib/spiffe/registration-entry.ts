import type { Selector } from './selector.ts';
import type { SpiffeId } from './spiffe-id.ts';
import type { TrustDomain } from './trust-domain.ts';

/** Wishes about how an agent treats an entry; absent as a whole when the registrar expressed none. */
export interface EntryAttributes {
  /** The agent makes no X509-SVID before a workload asks for one. */
  readonly disableX509SvidPrefetch: boolean;
  /** JWT-SVIDs carry a `jti` claim and are never served from a cache. */
  readonly jwtSvidIncludeJti: boolean;
}

/** A registration entry: who gets which SPIFFE ID from which agent (spire.api.types.Entry). */
export interface RegistrationEntry {
  /** Chosen by the registrar or a UUID; empty until the server stored the entry. */
  readonly id: string;
  readonly spiffeId: SpiffeId;
  /** An agent, a node alias or another workload; `/spire/server` makes the entry itself an alias for nodes. */
  readonly parentId: SpiffeId;
  readonly selectors: readonly Selector[];
  /** 0 means the server's default. */
  readonly x509SvidTtlSeconds: number;
  /** 0 means the server's default. */
  readonly jwtSvidTtlSeconds: number;
  readonly federatesWith: readonly TrustDomain[];
  /** SVIDs of this entry may call the server's admin RPCs. */
  readonly admin: boolean;
  /** SVIDs of this entry may ask for an intermediate CA. */
  readonly downstream: boolean;
  /** Seconds since the Unix epoch; 0 means never. */
  readonly expiresAtSeconds: number;
  /** The first one also becomes the common name. */
  readonly dnsNames: readonly string[];
  /** Starts at 0 and grows by one with every update. */
  readonly revisionNumber: bigint;
  /** SVIDs go to the agent's SVIDStore plugins and never to the Workload API. */
  readonly storeSvid: boolean;
  /** Tells a workload with several SVIDs what this one is for; at most 1024 bytes. */
  readonly hint: string;
  /** Seconds since the Unix epoch. */
  readonly createdAtSeconds: number;
  readonly additionalAttributes?: EntryAttributes | undefined;
}

/** The fields that an update replaces; the others keep their value. Field names as in {@link RegistrationEntry}. */
export type RegistrationEntryField = Exclude<keyof RegistrationEntry, 'id' | 'revisionNumber' | 'createdAtSeconds'>;
