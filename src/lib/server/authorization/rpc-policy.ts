import { methodPath, type ServiceDefinition } from '../../rpc/service.ts';
import { RetiredRegistrationDefinition } from '../api/registration/v1/retired-service.ts';

/**
 * Who may call: `any` even without a client certificate; `local` over the private socket; `agent` with the current SVID of
 * an attested agent that is not banned; `downstream` with the SVID of a downstream entry; `admin` with the SVID of an admin
 * entry or of one of `admin_ids`.
 */
export type CallerRole = (typeof CALLER_ROLES)[number];

/** Every role there is. */
export const CALLER_ROLES = ['any', 'local', 'agent', 'downstream', 'admin'] as const;

const ANYBODY: readonly CallerRole[] = ['any'];
const LOCAL: readonly CallerRole[] = ['local'];
const OPERATORS: readonly CallerRole[] = ['admin', 'local'];
const AGENTS: readonly CallerRole[] = ['agent'];
const DOWNSTREAMS: readonly CallerRole[] = ['downstream'];

/** By service, then by method. What is not here, nobody may call. The same as in SPIRE's policy data, plus our extensions. */
const POLICY: Readonly<Record<string, Readonly<Record<string, readonly CallerRole[]>>>> = {
  'grpc.health.v1.Health': { Check: LOCAL, List: LOCAL, Watch: LOCAL },
  'spire.api.server.agent.v1.Agent': {
    AttestAgent: ANYBODY,
    BanAgent: OPERATORS,
    CountAgents: OPERATORS,
    CreateJoinToken: OPERATORS,
    DeleteAgent: OPERATORS,
    GetAgent: OPERATORS,
    ListAgents: OPERATORS,
    PostStatus: AGENTS,
    RenewAgent: AGENTS,
  },
  'spire.api.server.bundle.v1.Bundle': {
    AppendBundle: OPERATORS,
    BatchCreateFederatedBundle: OPERATORS,
    BatchDeleteFederatedBundle: OPERATORS,
    BatchSetFederatedBundle: OPERATORS,
    BatchUpdateFederatedBundle: OPERATORS,
    CountBundles: OPERATORS,
    GetBundle: ANYBODY,
    GetFederatedBundle: ['admin', 'agent', 'local'],
    ListFederatedBundles: OPERATORS,
    PublishJWTAuthority: DOWNSTREAMS,
    PublishWITAuthority: DOWNSTREAMS,
  },
  'spire.api.server.debug.v1.Debug': { GetInfo: LOCAL },
  'spire.api.server.entry.v1.Entry': {
    BatchCreateEntry: OPERATORS,
    BatchDeleteEntry: OPERATORS,
    BatchUpdateEntry: OPERATORS,
    CountEntries: OPERATORS,
    GetAuthorizedEntries: AGENTS,
    GetEntry: OPERATORS,
    ListEntries: OPERATORS,
    SyncAuthorizedEntries: AGENTS,
  },
  'spire.api.server.localauthority.v1.LocalAuthority': {
    ActivateJWTAuthority: OPERATORS,
    ActivateWITAuthority: OPERATORS,
    ActivateX509Authority: OPERATORS,
    GetJWTAuthorityState: OPERATORS,
    GetWITAuthorityState: OPERATORS,
    GetX509AuthorityState: OPERATORS,
    PrepareJWTAuthority: OPERATORS,
    PrepareWITAuthority: OPERATORS,
    PrepareX509Authority: OPERATORS,
    RevokeJWTAuthority: OPERATORS,
    RevokeWITAuthority: OPERATORS,
    RevokeX509Authority: OPERATORS,
    RevokeX509UpstreamAuthority: OPERATORS,
    TaintJWTAuthority: OPERATORS,
    TaintWITAuthority: OPERATORS,
    TaintX509Authority: OPERATORS,
    TaintX509UpstreamAuthority: OPERATORS,
  },
  'spire.api.server.logger.v1.Logger': { GetLogger: LOCAL, ResetLogLevel: LOCAL, SetLogLevel: LOCAL },
  'spire.api.server.svid.v1.SVID': {
    BatchNewWITSVID: AGENTS,
    BatchNewX509SVID: AGENTS,
    MintJWTSVID: OPERATORS,
    MintWITSVID: OPERATORS,
    MintX509SVID: OPERATORS,
    NewDownstreamX509CA: DOWNSTREAMS,
    NewJWTSVID: AGENTS,
  },
  'spire.api.server.trustdomain.v1.TrustDomain': {
    BatchCreateFederationRelationship: OPERATORS,
    BatchDeleteFederationRelationship: OPERATORS,
    BatchUpdateFederationRelationship: OPERATORS,
    GetFederationRelationship: OPERATORS,
    ListFederationRelationships: OPERATORS,
    RefreshBundle: OPERATORS,
  },
  'spirekit.api.server.federation.v1.Federation': { ListBundleStatus: OPERATORS },
  'spirekit.api.server.sync.v1.Sync': { Watch: AGENTS },
};

/** Services of which every method answers `Unimplemented` with a sentence that helps: anybody may read it. */
const RETIRED_SERVICES: readonly ServiceDefinition[] = [RetiredRegistrationDefinition];

/** Who may call one method: whoever acts in one of the roles or goes by one of the IDs, but for those that are refused. */
export interface MethodRule {
  readonly roles: ReadonlySet<CallerRole>;
  /** SPIFFE IDs beside the roles, of any trust domain. */
  readonly allowedIds: ReadonlySet<string>;
  /** SPIFFE IDs that are refused whatever role they act in. */
  readonly deniedIds: ReadonlySet<string>;
}

const NO_IDS: ReadonlySet<string> = new Set();
const NOBODY: MethodRule = { roles: new Set(), allowedIds: NO_IDS, deniedIds: NO_IDS };

const BY_METHOD: ReadonlyMap<string, MethodRule> = new Map([
  ...Object.entries(POLICY).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, roles]) => [`/${service}/${method}`, ruleFor(roles)] as const),
  ),
  ...RETIRED_SERVICES.flatMap((definition) =>
    Object.values(definition.methods).map((method) => [methodPath(definition, method), ruleFor(ANYBODY)] as const),
  ),
]);

/** Who may call what; nobody may call what it does not know. */
export class RpcPolicy {
  /** SPIRE's, plus our extensions. */
  static readonly standard = new RpcPolicy(BY_METHOD);
  readonly #rules: ReadonlyMap<string, MethodRule>;

  private constructor(rules: ReadonlyMap<string, MethodRule>) {
    this.#rules = rules;
  }

  /** Every method that somebody may call, as `/package.Service/Method`. */
  get methods(): readonly string[] {
    return [...this.#rules.keys()];
  }

  /** Who may call the method (`/package.Service/Method`): nobody, if it is not listed. */
  ruleOf(method: string): MethodRule {
    return this.#rules.get(method) ?? NOBODY;
  }

  /** The same with other rules for some of its methods. */
  with(rules: ReadonlyMap<string, MethodRule>): RpcPolicy {
    return new RpcPolicy(new Map([...this.#rules].map(([method, rule]) => [method, rules.get(method) ?? rule])));
  }
}

function ruleFor(roles: readonly CallerRole[]): MethodRule {
  return { roles: new Set(roles), allowedIds: NO_IDS, deniedIds: NO_IDS };
}
