import { readFile } from 'node:fs/promises';
import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { keyManagerChecks } from '../../../../config/plugin-check/key-managers.ts';
import { block } from '../../../../config/schema/block.ts';
import { map } from '../../../../config/schema/collections.ts';
import { bool, string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { ioReason } from '../../../../runtime/io-reason.ts';
import { awsClientConfig } from '../../../aws/aws-access.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { KeyManager } from '../key-manager.ts';
import { openServerIdentifier } from '../server-identifier.ts';
import { openKmsKeyManager } from './kms-key-manager.ts';

const schema = block({
  access_key_id: string(),
  secret_access_key: string(),
  region: string(),
  key_identifier_file: string(),
  key_identifier_value: string(),
  key_policy_file: string(),
  key_tags: map(string()),
  enable_tag_based_key_discovery: bool(),
});

/** KeyManager `aws_kms`: keys in AWS Key Management Service. */
export const kmsKeyManager: BuiltInPlugin<ServerPluginDeps, KeyManager> = {
  isConfigurable: true,

  open: async (data, { trustDomain, clock, log, signal }) => {
    await checkPluginData(keyManagerChecks['aws_kms'], data);
    const config = decodeText(schema, data);
    const policy = config.key_policy_file === '' ? undefined : await readPolicy(config.key_policy_file);
    const { region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = config;
    const aws = await awsClientConfig({ region, accessKeyId, secretAccessKey }, process.env);
    const serverId = await openServerIdentifier(config);
    log.debug('Loaded server id', { server_id: serverId });
    return await openKmsKeyManager({
      aws,
      trustDomain: trustDomain.name,
      serverId,
      policy,
      tags: config.key_tags,
      isFoundByTags: config.enable_tag_based_key_discovery,
      clock,
      log,
      signal,
    });
  },
};

async function readPolicy(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const what = `failed to read file configured in 'key_policy_file': open ${path}: ${ioReason(cause)}`;
    throw new SpirekitError('invalid-config', what, { cause });
  }
}
