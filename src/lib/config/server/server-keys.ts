import { type ConfigKey, key } from '../key-table.ts';
export const SERVER_KEYS: readonly ConfigKey[] = [key('server.trust_domain', '', 'x')];
