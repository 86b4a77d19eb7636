import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import type { CredentialComposer } from '../credential-composer.ts';
import { UniqueIdComposer } from './unique-id-composer.ts';

/** CredentialComposer `uniqueid`: it has no settings. */
export const uniqueIdComposer: BuiltInPlugin<unknown, CredentialComposer> = {
  isConfigurable: false,
  open: async () => new UniqueIdComposer(),
};
