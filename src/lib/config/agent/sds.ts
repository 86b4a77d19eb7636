import type { ConfigReport } from '../config-report.ts';
import type { SdsConfig } from './agent-config.ts';
import type { RawAgent } from './agent-schema.ts';

/** Fills in the names of SDS resources. */
export function resolveSds(raw: RawAgent['sds'], report: ConfigReport): SdsConfig {
  const sds = {
    defaultSvidName: raw.default_svid_name || 'default',
    defaultBundleName: raw.default_bundle_name || 'ROOTCA',
    defaultAllBundlesName: raw.default_all_bundles_name || 'ALL',
    disableSpiffeCertValidation: raw.disable_spiffe_cert_validation,
  };
  if (sds.defaultBundleName === sds.defaultAllBundlesName) {
    report.note(
      'warning',
      'The "default_bundle_name" and "default_all_bundles_name" configurables have the same value. ' +
        '"default_all_bundles_name" will be ignored. Please configure distinct values or use the defaults. This will ' +
        'be a configuration error in a future release.',
    );
  }
  return sds;
}
