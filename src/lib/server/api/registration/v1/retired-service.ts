import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import type { MethodDefinition, ServiceDefinition } from '../../../../rpc/service.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { Empty } from '../../../../wire/gen/google/protobuf/empty.ts';

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

/** `spire.api.registration.Registration`, as far as it takes to refuse its calls. Requests are not read. */
export const RetiredRegistrationDefinition = {
  fullName: 'spire.api.registration.Registration',
  methods: Object.fromEntries(METHODS.map((name) => [name, method(name)])),
} satisfies ServiceDefinition;

function method(name: string): MethodDefinition & { requestStream: false; responseStream: false } {
  return { name, requestType: Empty, requestStream: false, responseType: Empty, responseStream: false };
}

/** Tells callers of the old API where it went, instead of that the method is unknown. */
export function retiredRegistrationService(): ServiceImplementation<typeof RetiredRegistrationDefinition> {
  const refuse = async (): Promise<never> => {
    throw new SpirekitError(
      'unimplemented',
      'the Registration API of old (spire.api.registration.Registration) is not served: ' +
        'use its successor spire.api.server.entry.v1.Entry and the services beside it',
    );
  };
  return Object.fromEntries(METHODS.map((name) => [name, refuse]));
}
