import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import type { AwsCallOptions } from '../../../aws/aws-call.ts';
import type { S3Store } from '../../../aws/s3-store.ts';
import { type BundleFormat, publishedBundle } from '../bundle-format.ts';
import type { BundlePublisher } from '../bundle-publisher.ts';

/** What is published, and where. */
export interface S3Publication {
  readonly bucket: string;
  readonly objectKey: string;
  readonly format: BundleFormat;
  /** In place of the bundle's own, with the format `spiffe`. */
  readonly refreshHintSeconds: number | undefined;
}

/** Puts the bundle into an object in S3, or in a store that speaks as S3 does. */
export class S3BundlePublisher implements BundlePublisher, Disposable {
  readonly name = 'aws_s3';
  readonly #store: S3Store;
  readonly #publication: S3Publication;

  /** @param store closed with the publisher */
  constructor(store: S3Store, publication: S3Publication) {
    this.#store = store;
    this.#publication = publication;
  }

  async publishBundle(bundle: AuthorityBundle, options: AwsCallOptions): Promise<void> {
    const { bucket, objectKey, format, refreshHintSeconds } = this.#publication;
    await this.#store.put(bucket, objectKey, publishedBundle(bundle, format, refreshHintSeconds), options);
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }
}
