import { goQuote } from '../../runtime/go-quote.ts';
import type { ConfigReport, KeyPath } from '../config-report.ts';
import { readSmallFile } from '../file-access.ts';
import { block } from '../schema/block.ts';
import { optional, string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { parseSeconds } from '../section/duration.ts';
import { decodeOneProfile } from './endpoint-profile.ts';
import { findKeyPairFault } from './key-pair.ts';
import type { AcmeConfig, BundleEndpointConfig, BundleEndpointProfile } from './server-config.ts';
import { acmeSchema, type RawFederation } from './server-schema.ts';

const PATH: KeyPath = ['server', 'federation', 'bundle_endpoint'];
const DEFAULT_REFRESH_HINT_SECONDS = 300;
const DEFAULT_FILE_SYNC_SECONDS = 3600;
const LONGEST_CERTIFICATE_FILE = 1024 * 1024;

const servingFilesSchema = block({ cert_file_path: string(), key_file_path: string(), file_sync_interval: string() });

const profileSchema = block({
  https_spiffe: optional(block({})),
  https_web: optional(block({ acme: optional(acmeSchema), serving_cert_file: optional(servingFilesSchema) })),
});

/** Resolves `bundle_endpoint`; certificate and key that come from files must be there. */
export async function resolveBundleEndpoint(
  raw: NonNullable<RawFederation['bundle_endpoint']>,
  report: ConfigReport,
  signal: AbortSignal | undefined,
): Promise<BundleEndpointConfig> {
  const refreshHintSeconds = resolveRefreshHint(raw.refresh_hint, report);
  const profile = await resolveProfile(raw, report, signal);
  return { address: raw.address, port: raw.port, refreshHintSeconds, profile };
}

function resolveRefreshHint(text: string, report: ConfigReport): number {
  if (text === '') return DEFAULT_REFRESH_HINT_SECONDS;
  const describe = (reason: string): string => `could not parse refresh_hint ${goQuote(text)}: ${reason}`;
  const seconds = parseSeconds(text, report, [...PATH, 'refresh_hint'], describe);
  if (seconds >= 24 * 3600) {
    report.note(
      'warning',
      "Bundle endpoint refresh hint set to a high value. To cover the case of unscheduled trust bundle updates, it's " +
        'recommended to have a smaller value, e.g. 5m',
    );
  }
  if (seconds < 60) {
    report.note('warning', 'Bundle endpoint refresh hint set too low. SPIRE will not refresh more often than 1 minute');
  }
  return seconds;
}

async function resolveProfile(
  raw: NonNullable<RawFederation['bundle_endpoint']>,
  report: ConfigReport,
  signal: AbortSignal | undefined,
): Promise<BundleEndpointProfile> {
  if (raw.acme !== undefined && raw.profile !== undefined) {
    report.fail("either bundle endpoint 'acme' or 'profile' can be set, but not both", PATH);
  }
  if (raw.acme !== undefined) {
    report.noteDeprecated(
      'ACME configuration within the bundle_endpoint is deprecated. Please use ACME configuration as part of the ' +
        'https_web profile instead.',
    );
    return { kind: 'https_web_acme', acme: resolveAcme(raw.acme) };
  }
  const tree = raw.profile;
  if (tree === undefined) {
    report.noteDeprecated(
      'Bundle endpoint is configured but has no profile set, using https_spiffe as default; please configure a ' +
        'profile explicitly. This will be fatal in a future release.',
    );
    return { kind: 'https_spiffe' };
  }
  const path = [...PATH, 'profile'];
  const profile = report.attempt(
    () => decodeOneProfile(profileSchema, tree),
    (reason) => reason,
    path,
  );
  const { https_web: web } = profile;
  if (web?.acme !== undefined) return { kind: 'https_web_acme', acme: resolveAcme(web.acme) };
  if (web?.serving_cert_file !== undefined) return resolveServingFiles(web.serving_cert_file, report, signal);
  if (web !== undefined) {
    report.fail("malformed https_web profile configuration: 'acme' or 'serving_cert_file' is required", path);
  }
  if (profile.https_spiffe !== undefined) return { kind: 'https_spiffe' };
  return report.fail(
    'unknown bundle endpoint profile configured; current supported profiles are "https_spiffe" and \'https_web"',
    path,
  );
}

async function resolveServingFiles(
  raw: Infer<typeof servingFilesSchema>,
  report: ConfigReport,
  signal: AbortSignal | undefined,
): Promise<BundleEndpointProfile> {
  const path = [...PATH, 'profile', 'https_web', 'serving_cert_file'];
  const seconds = parseSeconds(raw.file_sync_interval, report, path, (reason) => reason);
  const describe = (reason: string): string => `failed to load certificate: ${reason}`;
  const read = (file: string): Promise<Uint8Array> =>
    report.during(
      readSmallFile(report.resolvePath(file), file, { limit: LONGEST_CERTIFICATE_FILE, signal }),
      path,
      describe,
    );
  const fault = findKeyPairFault(await read(raw.cert_file_path), await read(raw.key_file_path));
  if (fault !== undefined) report.fail(describe(fault), path);
  return {
    kind: 'https_web_files',
    certFile: raw.cert_file_path,
    keyFile: raw.key_file_path,
    fileSyncIntervalSeconds: seconds === 0 ? DEFAULT_FILE_SYNC_SECONDS : seconds,
  };
}

function resolveAcme(raw: Infer<typeof acmeSchema>): AcmeConfig {
  return {
    directoryUrl: raw.directory_url,
    domainName: raw.domain_name,
    email: raw.email,
    isTosAccepted: raw.tos_accepted,
  };
}
