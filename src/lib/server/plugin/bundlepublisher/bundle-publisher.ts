import type { AuthorityBundle } from '../../../spiffe/authority-bundle.ts';

/** Puts the trust bundle of the server's own trust domain where others find it. */
export interface BundlePublisher {
  /** The name in the configuration, such as `aws_s3`. */
  readonly name: string;
  /** Called with each new state of the bundle. Throws what publishing failed with; it is tried again. */
  publishBundle(bundle: AuthorityBundle, options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}
