import { Certificate } from '../../crypto/certificate.ts';
import { pemDecodeAll } from '../../crypto/pem.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { PluginCheckContext } from './plugin-check.ts';

/** Why a PEM file holds no certificates; undefined if it does. */
export async function findCertificateFault(path: string, context: PluginCheckContext): Promise<string | undefined> {
  try {
    const blocks = pemDecodeAll(await context.readFile(path));
    const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => Certificate.parse(der));
    return certificates.length === 0 ? 'no certificates found in file' : undefined;
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return error.message;
  }
}
