import type { Finding } from '../findings/finding.ts';
import type { SpirekitError } from '../runtime/errors.ts';
import type { AuthorityBundle } from '../spiffe/authority-bundle.ts';

/** What a look at the endpoint from here has shown. */
export interface EndpointLook {
  /** What it serves, if that can be accepted. */
  readonly bundle?: AuthorityBundle;
  readonly problem?: SpirekitError;
}

/** One federated trust domain: its relationship, its bundle, its users. Times are in milliseconds since the Unix epoch. */
export interface FederatedDomainStatus {
  readonly trustDomain: string;
  /** Undefined where there is only a bundle. */
  readonly url: string | undefined;
  readonly profile: string;
  readonly endpointId: string;
  /** In the server's configuration rather than made by a call; servers of SPIRE do not show those. */
  readonly isConfigured: boolean;
  readonly bundle: AuthorityBundle | undefined;
  /** When the last root ends; undefined without roots. */
  readonly lastRootEndsMs: number | undefined;
  /** The shortest life among the roots; undefined without roots. */
  readonly shortestLifeMs: number | undefined;
  /** Whether the server tells of its refreshes, as only those of ours do. */
  readonly isRefreshTold: boolean;
  /** Undefined if it never succeeded, or nobody tells. */
  readonly lastSuccessMs: number | undefined;
  /** Why the server could not fetch the bundle lately; only servers of ours tell. */
  readonly problem: string;
  /** Entries that federate with it. */
  readonly usedBy: number;
  /** Undefined if it was not asked. */
  readonly endpoint: EndpointLook | undefined;
  readonly findings: readonly Finding[];
}
