import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';

/** The daemon's own X509-SVID as it is now: leaf first, with its key. Throws `unavailable` while there is none. */
export type ExporterIdentity = () => {
  readonly certificates: readonly Certificate[];
  readonly privateKey: KeyObject;
};
