import type { S3Client } from '@aws-sdk/client-s3';
import type { AwsClientConfig } from './aws-access.ts';
import { type AwsCallOptions, type AwsSdk, callAws } from './aws-call.ts';

/** Objects in S3, or in a store that speaks as S3 does. */
export class S3Store implements Disposable {
  readonly #sdk: AwsSdk;
  readonly #client: S3Client;

  constructor(sdk: AwsSdk, config: AwsClientConfig) {
    this.#sdk = sdk;
    // Other stores are asked by path: their buckets have no names in the DNS.
    this.#client = new sdk.S3Client({ ...config, ...(config.endpoint !== undefined && { forcePathStyle: true }) });
  }

  /** Puts an object in its place, whatever was there. */
  async put(bucket: string, key: string, content: Uint8Array, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: content });
    await callAws(`S3 PutObject to bucket ${JSON.stringify(bucket)}`, options, (sent) =>
      this.#client.send(command, sent),
    );
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}
