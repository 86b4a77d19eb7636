import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { bundlePublisherChecks } from '../../../../config/plugin-check/bundle-publishers.ts';
import { block } from '../../../../config/schema/block.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { awsClientConfig } from '../../../aws/aws-access.ts';
import { S3Store } from '../../../aws/s3-store.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import { parseBundleFormat, parseRefreshHint } from '../bundle-format.ts';
import type { BundlePublisher } from '../bundle-publisher.ts';
import { S3BundlePublisher } from './s3-bundle-publisher.ts';

const schema = block({
  access_key_id: string(),
  secret_access_key: string(),
  region: string(),
  bucket: string(),
  object_key: string(),
  format: string(),
  endpoint: string(),
  refresh_hint: string(),
});

/** What the check has to say about a hint that it takes. */
const IS_ADVICE = /^Bundle endpoint refresh hint set /;

/** BundlePublisher `aws_s3`: the object `object_key` in `bucket`. */
export const s3BundlePublisher: BuiltInPlugin<ServerPluginDeps, BundlePublisher> = {
  isConfigurable: true,
  open: async (data, { log }) => {
    await checkPluginData(bundlePublisherChecks['aws_s3'], data, (note) => {
      if (!IS_ADVICE.test(note)) return true;
      log.warn(note);
      return false;
    });
    const config = decodeText(schema, data);
    const { region, endpoint, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = config;
    const aws = await awsClientConfig({ region, accessKeyId, secretAccessKey, endpoint }, process.env);
    return new S3BundlePublisher(new S3Store(await import('../../../aws/aws-sdk.ts'), aws), {
      bucket: config.bucket,
      objectKey: config.object_key,
      format: parseBundleFormat(config.format),
      refreshHintSeconds: parseRefreshHint(config.refresh_hint),
    });
  },
};
