import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { upstreamAuthorityChecks } from '../../../../config/plugin-check/upstream-authorities.ts';
import { block } from '../../../../config/schema/block.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { assumeRole, awsClientConfig } from '../../../aws/aws-access.ts';
import { SecretsClient } from '../../../aws/secrets-client.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { UpstreamAuthority } from '../upstream-authority.ts';
import { SecretUpstreamAuthority } from './secret-upstream-authority.ts';

const schema = block({
  region: string(),
  cert_file_arn: string(),
  key_file_arn: string(),
  bundle_file_arn: string(),
  access_key_id: string(),
  secret_access_key: string(),
  secret_token: string(),
  assume_role_arn: string(),
});

/** UpstreamAuthority `awssecret`: a CA whose certificate and key lie in AWS Secrets Manager. */
export const secretUpstreamAuthority: BuiltInPlugin<ServerPluginDeps, UpstreamAuthority> = {
  isConfigurable: true,
  open: async (data, { trustDomain, clock, signal }) => {
    await checkPluginData(upstreamAuthorityChecks['awssecret'], data);
    const config = decodeText(schema, data);
    const own = await awsClientConfig(
      {
        region: config.region,
        accessKeyId: config.access_key_id,
        secretAccessKey: config.secret_access_key,
        sessionToken: config.secret_token || process.env['AWS_SESSION_TOKEN'],
      },
      process.env,
    );
    const sdk = await import('../../../aws/aws-sdk.ts');
    const aws = config.assume_role_arn === '' ? own : assumeRole(sdk, own, config.assume_role_arn);
    using client = new SecretsClient(sdk, aws);
    return await SecretUpstreamAuthority.open({
      names: {
        certificates: config.cert_file_arn,
        key: config.key_file_arn,
        bundle: config.bundle_file_arn === '' ? undefined : config.bundle_file_arn,
      },
      read: (name) => client.getText(name, { signal }),
      trustDomain,
      clock,
    });
  },
};
