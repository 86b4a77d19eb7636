import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { keyManagerChecks } from '../../../../config/plugin-check/key-managers.ts';
import { block } from '../../../../config/schema/block.ts';
import { fieldNames } from '../../../../config/schema/field-names.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { preferEnvironment, resolveVaultSettings, vaultFields } from '../../../vault/vault-settings.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { KeyManager } from '../key-manager.ts';
import { openServerIdentifier } from '../server-identifier.ts';
import { openVaultKeyManager } from './vault-key-manager.ts';

const schema = block({
  ...vaultFields,
  key_identifier_file: string(),
  key_identifier_value: string(),
  transit_engine_path: string(),
});

/** KeyManager `hashicorp_vault`: keys in a transit engine of HashiCorp Vault or OpenBao. */
export const vaultKeyManager: BuiltInPlugin<ServerPluginDeps, KeyManager> = {
  isConfigurable: true,
  settings: fieldNames(schema),

  open: async (data, { clock, log, signal }) => {
    await checkPluginData(keyManagerChecks['hashicorp_vault'], data);
    const config = decodeText(schema, data);
    const vault = resolveVaultSettings(config, process.env);
    const transitPath = preferEnvironment(process.env, 'VAULT_TRANSIT_ENGINE_PATH', config.transit_engine_path);
    const serverId = await openServerIdentifier(config);
    log.debug('Loaded server id', { server_id: serverId });
    return await openVaultKeyManager({ vault, transitPath: transitPath || 'transit', serverId, clock, log, signal });
  },
};
