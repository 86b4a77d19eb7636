import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { upstreamAuthorityChecks } from '../../../../config/plugin-check/upstream-authorities.ts';
import { block } from '../../../../config/schema/block.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { UpstreamAuthority } from '../upstream-authority.ts';
import { DiskUpstreamAuthority } from './disk-upstream-authority.ts';

const schema = block({ cert_file_path: string(), key_file_path: string(), bundle_file_path: string() });

/** UpstreamAuthority `disk`: the CA in `cert_file_path` and `key_file_path`, its roots in `bundle_file_path`. */
export const diskUpstreamAuthority: BuiltInPlugin<ServerPluginDeps, UpstreamAuthority> = {
  isConfigurable: true,
  open: async (data, { trustDomain, clock, log }) => {
    await checkPluginData(upstreamAuthorityChecks['disk'], data);
    const settings = decodeText(schema, data);
    return await DiskUpstreamAuthority.open({
      certFilePath: settings.cert_file_path,
      keyFilePath: settings.key_file_path,
      bundleFilePath: settings.bundle_file_path === '' ? undefined : settings.bundle_file_path,
      trustDomain,
      clock,
      log,
    });
  },
};
