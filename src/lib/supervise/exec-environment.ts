import { join } from 'node:path';
import type { PlaceholderValues } from './placeholders.ts';

/** Where the files of a command's identity are. */
export interface ExecFiles {
  /** With certificate, key, bundle and tokens under the names of spiffe-helper. */
  readonly dir: string;
  /** With a credential bundle as SPIFFE's draft of files has it. */
  readonly credentialDir: string;
  /** The audiences of the tokens in their order, each as it was asked for. */
  readonly audiences: readonly string[];
}

/** The names that the layout `helper` gives files. */
const CERT = 'svid.pem';
const KEY = 'svid_key.pem';
const BUNDLE = 'svid_bundle.pem';

/** What placeholders in arguments stand for. */
export function placeholderValues({ dir, audiences }: ExecFiles, spiffeId: string): PlaceholderValues {
  return {
    cert: join(dir, CERT),
    key: join(dir, KEY),
    bundle: join(dir, BUNDLE),
    dir,
    spiffe_id: spiffeId,
    jwt: new Map(audiences.map((audience, n) => [audience, tokenPath(dir, n)])),
  };
}

/**
 * The variables by which programs find the files: those of libpq, Node and AWS's SDKs, that of SPIFFE's draft, and our own.
 * SSL_CERT_FILE takes the place of the system's roots, so that it is set only on request.
 */
export function execVariables(
  files: ExecFiles,
  options: { readonly replacesSystemRoots: boolean },
): Readonly<Record<string, string>> {
  const { dir, credentialDir, audiences } = files;
  const { cert, key, bundle } = placeholderValues(files, '');
  return {
    SPIREKIT_CERT: cert,
    SPIREKIT_KEY: key,
    SPIREKIT_BUNDLE: bundle,
    SPIREKIT_DIR: dir,
    SPIFFE_CREDENTIAL_FOLDER: credentialDir,
    PGSSLCERT: cert,
    PGSSLKEY: key,
    PGSSLROOTCERT: bundle,
    NODE_EXTRA_CA_CERTS: bundle,
    ...(options.replacesSystemRoots ? { SSL_CERT_FILE: bundle } : {}),
    ...(audiences.length === 0
      ? {}
      : { SPIREKIT_JWT: tokenPath(dir, 0), AWS_WEB_IDENTITY_TOKEN_FILE: tokenPath(dir, 0) }),
  };
}

function tokenPath(dir: string, n: number): string {
  return join(dir, `jwt_svid.${n}.token`);
}
