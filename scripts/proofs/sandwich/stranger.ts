import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Deployment } from '../../../test/support/deployment.ts';

/** An X509-SVID with its key, in PEM. */
export interface Minted {
  readonly chain: string;
  readonly key: string;
}

/** How long an answer may take. */
const PATIENCE_MS = 5_000;

/** Has a server sign an X509-SVID at an operator's word. */
export async function mint(deployment: Deployment, spiffeId: string): Promise<Minted> {
  const folder = mkdtempSync(join(deployment.folder, 'minted-'));
  const { code, stderr } = await deployment.server('x509', 'mint', '-spiffeID', spiffeId, '-write', folder);
  if (code !== 0) throw new Error(`nothing minted: ${stderr}`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { chain: read('svid.pem'), key: read('key.pem') };
}

/** Calls a workload under an SVID; resolves with its answer, or with why there was none. */
export function callUnder({ chain, key }: Minted, address: string): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), cert: chain, key, rejectUnauthorized: false });
    const finish = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE_MS, () => finish('no answer'));
    socket.once('error', (error) => finish(`refused: ${error.message.trim()}`));
    socket.once('close', () => finish('refused: the connection was closed'));
    socket.once('data', (data) => finish(data.toString().trim()));
    socket.once('secureConnect', () => socket.write('hello\n'));
  });
}
