import { join } from 'node:path';
import type { Certificate } from '../crypto/certificate.ts';
import { pemEncode } from '../crypto/pem.ts';
import { AtomicFiles } from '../runtime/atomic-file.ts';
import { holdingSignals } from './held-signals.ts';
import type { FetchedSvid } from './x509-response.ts';

/** A file to write, and what SPIRE says when it does. */
interface SvidFile {
  readonly path: string;
  readonly announcement: string;
  readonly pem: string;
  readonly mode: number;
}

/**
 * Writes SVIDs, keys and bundles under SPIRE's names. Other than SPIRE's `diskutil`, all files change together, keep
 * their old content if anything fails, and a key file that was open to others is narrowed.
 *
 * A signal that would end the process meanwhile does so when all are in place, or when nothing has changed.
 *
 * @param say is told of each file before it is written
 * @throws SpirekitError `io-error`, `permission-denied`
 */
export async function writeSvidFiles(
  folder: string,
  svids: readonly FetchedSvid[],
  say: (line: string) => void,
): Promise<void> {
  await holdingSignals(async (signal) => {
    await using files = new AtomicFiles();
    for (const file of svids.flatMap((svid, index) => filesOf(folder, svid, index))) {
      say(file.announcement);
      await files.stage(file.path, file.pem, { mode: file.mode });
    }
    signal.throwIfAborted();
    await files.commit();
  });
}

function filesOf(folder: string, svid: FetchedSvid, index: number): SvidFile[] {
  const svidPath = join(folder, `svid.${index}.pem`);
  const keyPath = join(folder, `svid.${index}.key`);
  const bundlePath = join(folder, `bundle.${index}.pem`);
  const federated = [...svid.federatedBundles].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    {
      path: svidPath,
      announcement: `Writing SVID #${index} to file ${svidPath}.`,
      pem: pem(svid.certificates),
      mode: 0o644,
    },
    {
      path: keyPath,
      announcement: `Writing key #${index} to file ${keyPath}.`,
      pem: pemEncode('PRIVATE KEY', svid.privateKeyDer),
      mode: 0o600,
    },
    {
      path: bundlePath,
      announcement: `Writing bundle #${index} to file ${bundlePath}.`,
      pem: pem(svid.bundle),
      mode: 0o644,
    },
    ...federated.map(([trustDomain, bundle], position) => {
      const path = join(folder, `federated_bundle.${index}.${position}.pem`);
      const announcement = `Writing federated bundle #${position} for trust domain ${trustDomain} to file ${path}.`;
      return { path, announcement, pem: pem(bundle), mode: 0o644 };
    }),
  ];
}

function pem(certificates: readonly Certificate[]): string {
  return certificates.map((certificate) => pemEncode('CERTIFICATE', certificate.der)).join('');
}
