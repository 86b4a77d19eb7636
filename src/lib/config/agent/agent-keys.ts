import { type ConfigKey, key } from '../key-table.ts';
export const AGENT_KEYS: readonly ConfigKey[] = [key('agent.trust_domain', '', 'x')];
