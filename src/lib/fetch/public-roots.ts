import * as tls from 'node:tls';

/**
 * The authorities of the public web in PEM: those that the operating system trusts (SSL_CERT_FILE and SSL_CERT_DIR say
 * where they are, as for Go's programs), and where it tells none, as in many containers, those that Node brings along.
 */
export function publicRoots(): readonly string[] {
  // Node before 22.15 cannot tell what the system trusts.
  const system = 'getCACertificates' in tls ? tls.getCACertificates('system') : [];
  return system.length > 0 ? system : tls.rootCertificates;
}
