import type { AuthorityBundle } from '../../../spiffe/authority-bundle.ts';

/** Is told of the trust bundle of the server's own trust domain. */
export interface Notifier {
  /** The name in the configuration, such as `k8sbundle`. */
  readonly name: string;
  /** The bundle has changed. A failure is logged. */
  notifyBundleUpdated(bundle: AuthorityBundle, options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** The bundle was loaded while the server starts. A failure ends the start. */
  notifyBundleLoaded(bundle: AuthorityBundle, options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}
