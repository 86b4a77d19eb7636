import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateTemplate, issueCertificate } from '../../src/lib/crypto/certificate-builder.ts';
import { generateKey, privateKeyToPkcs8, publicKeyDer, subjectKeyId } from '../../src/lib/crypto/key.ts';
import { Name } from '../../src/lib/crypto/name.ts';
import { pemEncode } from '../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../src/lib/crypto/signer.ts';

/** Files by which an agent attests with `x509pop`. */
export interface NodeCertificate {
  readonly caPath: string;
  readonly certificatePath: string;
  readonly keyPath: string;
  /** The block for the server's configuration. */
  readonly serverPlugin: string;
  /** The block for the agent's configuration. */
  readonly agentPlugin: string;
}

/**
 * Makes a CA and a certificate of a node with this common name, good for an hour from now, as files in a folder. More
 * settings go into the server's plugin.
 */
export async function makeNodeCertificate(
  folder: string,
  commonName: string,
  options: { readonly names?: Pick<CertificateTemplate, 'dnsNames' | 'uris'>; readonly settings?: string } = {},
): Promise<NodeCertificate> {
  const [caKey, key] = [await generateKey('ec-p256'), await generateKey('ec-p256')];
  const signer = signerFromKey(caKey);
  const now = Date.now();
  const lifetime = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000) };
  const caName = Name.of({ commonName: 'nodes' });
  const ca = await issueCertificate({
    subject: caName,
    issuer: caName,
    ...lifetime,
    isCa: true,
    keyUsages: ['keyCertSign'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  const leaf = await issueCertificate({
    subject: Name.of({ organization: ['Nodes'], organizationalUnit: ['Edge', 'West'], commonName }),
    ...options.names,
    issuer: caName,
    ...lifetime,
    isCa: false,
    keyUsages: ['digitalSignature'],
    publicKey: signerFromKey(key).publicKey,
    authorityKeyId: ca.subjectKeyId,
    signer,
  });
  mkdirSync(folder, { recursive: true });
  const [caPath, certificatePath, keyPath] = ['ca.pem', 'node.crt', 'node.key'].map((name) => join(folder, name));
  if (caPath === undefined || certificatePath === undefined || keyPath === undefined) throw new Error('no paths');
  writeFileSync(caPath, ca.toPem());
  writeFileSync(certificatePath, leaf.toPem());
  writeFileSync(keyPath, pemEncode('PRIVATE KEY', privateKeyToPkcs8(key)), { mode: 0o600 });
  return {
    caPath,
    certificatePath,
    keyPath,
    serverPlugin: `NodeAttestor "x509pop" { plugin_data { ca_bundle_path = "${caPath}" ${options.settings ?? ''} } }`,
    agentPlugin: `NodeAttestor "x509pop" { plugin_data { private_key_path = "${keyPath}" certificate_path = "${certificatePath}" } }`,
  };
}
