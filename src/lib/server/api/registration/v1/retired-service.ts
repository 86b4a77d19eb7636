import type { Interceptor } from '../../../../rpc/call-context.ts';
import type { MethodDefinition, ServiceDefinition } from '../../../../rpc/service.ts';
import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import { Empty } from '../../../../wire/gen/google/protobuf/empty.ts';

const SERVICE = 'spire.api.registration.Registration';

/** The methods of the Registration API as it was until SPIRE 1.0. */
const METHODS = [
  'CreateEntry',
  'CreateEntryIfNotExists',
  'DeleteEntry',
  'FetchEntry',
  'FetchEntries',
  'UpdateEntry',
  'ListByParentID',
  'ListBySelector',
  'ListBySelectors',
  'ListBySpiffeID',
  'ListAllEntriesWithPages',
  'CreateFederatedBundle',
  'FetchFederatedBundle',
  'ListFederatedBundles',
  'UpdateFederatedBundle',
  'DeleteFederatedBundle',
  'CreateJoinToken',
  'FetchBundle',
  'EvictAgent',
  'ListAgents',
  'MintX509SVID',
  'MintJWTSVID',
  'GetNodeSelectors',
] as const;

/** The service as far as it takes to refuse its calls; requests are not read. To be served without implementation. */
export const RetiredRegistrationDefinition: ServiceDefinition = {
  fullName: SERVICE,
  methods: Object.fromEntries(METHODS.map((name) => [name, method(name)])),
};

/**
 * Tells callers of the old API where it went, instead of that they may not call it or that there is no such thing. It
 * says so to everybody, so it runs before authorization.
 */
export const refuseRetiredRegistration: Interceptor = async (call, next) => {
  if (!call.method.startsWith(`/${SERVICE}/`)) return next();
  throw new RpcError(
    RpcCode.unimplemented,
    `the Registration API of old (${SERVICE}) is not served: ` +
      'use its successor spire.api.server.entry.v1.Entry and the services beside it',
  );
};

function method(name: string): MethodDefinition {
  return { name, requestType: Empty, requestStream: false, responseType: Empty, responseStream: false };
}
