import { inField } from '../../../../wire/convert/conversion-error.ts';
import type { ListAgentsRequest_Filter } from '../../../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { NodeFilter } from '../../../datastore/node-store.ts';
import { selectorFilter } from '../../wire-filter.ts';
import { parseExpiresBefore } from './expires-before.ts';

/** The filter of a request to list or count agents. Error: `invalid-argument`. */
export function agentFilterFromWire(wire: ListAgentsRequest_Filter | undefined): NodeFilter {
  if (wire === undefined) return {};
  const { byAttestationType, byBanned, byCanReattest, byExpiresBefore, bySelectorMatch } = wire;
  return {
    attestationType: byAttestationType === '' ? undefined : byAttestationType,
    banned: byBanned,
    canReattest: byCanReattest,
    expiresBeforeSeconds: byExpiresBefore === '' ? undefined : parseExpiresBefore(byExpiresBefore),
    selectors:
      bySelectorMatch === undefined
        ? undefined
        : inField('failed to parse selectors', () => selectorFilter(bySelectorMatch)),
  };
}
