import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

/** Where distributions of Linux keep the authorities of the web, as Go's programs look for them. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The authorities of the public web in PEM: those that the operating system trusts (SSL_CERT_FILE and SSL_CERT_DIR say
 * where they are, as for Go's programs), and where it tells none, as in many containers, those that Node brings along.
 */
export function publicRoots(): readonly string[] {
  // Node before 22.15 cannot tell what the system trusts.
  const system = 'getCACertificates' in tls ? tls.getCACertificates('system') : rootsFromFile(process.env);
  return system.length > 0 ? system : tls.rootCertificates;
}

/** The first file that there is, as one text with many certificates; SSL_CERT_FILE names one in place of the usual ones. */
export function rootsFromFile(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const named = env['SSL_CERT_FILE'] ?? '';
  for (const path of named === '' ? FILES : [named]) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.includes('-----BEGIN CERTIFICATE-----')) return [text];
    } catch {
      // The next one, or none.
    }
  }
  return [];
}
