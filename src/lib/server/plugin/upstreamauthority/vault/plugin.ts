import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { upstreamAuthorityChecks } from '../../../../config/plugin-check/upstream-authorities.ts';
import { block } from '../../../../config/schema/block.ts';
import { fieldNames } from '../../../../config/schema/field-names.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { resolveVaultSettings, vaultFields } from '../../../vault/vault-settings.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { UpstreamAuthority } from '../upstream-authority.ts';
import { VaultUpstreamAuthority } from './vault-upstream-authority.ts';

const schema = block({ ...vaultFields, pki_mount_point: string() });

/** UpstreamAuthority `vault`: the PKI secrets engine at `pki_mount_point` of HashiCorp Vault or OpenBao. */
export const vaultUpstreamAuthority: BuiltInPlugin<ServerPluginDeps, UpstreamAuthority> = {
  isConfigurable: true,
  settings: fieldNames(schema),
  open: async (data, { clock, log }) => {
    await checkPluginData(upstreamAuthorityChecks['vault'], data);
    const config = decodeText(schema, data);
    const settings = resolveVaultSettings(config, process.env);
    return new VaultUpstreamAuthority(settings, config.pki_mount_point || 'pki', { clock, log });
  },
};
