import { resolve } from 'node:path';
import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { ConfigError } from '../../../../config/config-error.ts';
import { readSmallFile } from '../../../../config/file-access.ts';
import {
  caBundlePaths,
  isExternalPki,
  type X509PopSettings,
  x509PopCheck,
  x509PopSchema,
} from '../../../../config/plugin-check/x509pop.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { Certificate } from '../../../../crypto/certificate.ts';
import { Template } from '../../../../template/template.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import type { NodeAttestor } from '../node-attestor.ts';
import { X509PopAttestor } from './x509pop-attestor.ts';

/** Bounds for whoever may present a chain, SPIRE's. */
const DEFAULT_MAX_INTERMEDIATES = 4;
const DEFAULT_MAX_RSA_KEY_SIZE = 8192;

const LARGEST_BUNDLE_BYTES = 16 * 1024 * 1024;

/** NodeAttestor `x509pop`: the CAs that speak for nodes, or `mode = "spiffe"` for agents that show an SVID of this server. */
export const x509PopAttestor: BuiltInPlugin<ServerPluginDeps, NodeAttestor> = {
  isConfigurable: true,

  async open(text, deps) {
    const readFile = (path: string): Promise<Uint8Array> =>
      readSmallFile(resolve(path), path, { limit: LARGEST_BUNDLE_BYTES, signal: deps.signal });
    const [fault] = await x509PopCheck(text, { readFile, env: {} });
    if (fault !== undefined) throw new ConfigError(`rpc error: code = InvalidArgument desc = ${fault}`);
    const settings = decodeText(x509PopSchema, text);
    return new X509PopAttestor({
      trustDomain: deps.trustDomain,
      findRoots: await rootsOf(settings, readFile, deps),
      svidPrefix: isExternalPki(settings) ? undefined : svidPrefix(settings),
      pathTemplate: Template.parse(templateOf(settings)),
      maxIntermediates: settings.max_intermediates ?? DEFAULT_MAX_INTERMEDIATES,
      maxRsaKeySize: settings.max_rsa_key_size ?? DEFAULT_MAX_RSA_KEY_SIZE,
      verifiesClientIp: settings.verify_client_ip,
      clock: deps.clock,
      log: deps.log,
    });
  },
};

/** CAs of files are read once, as SPIRE reads them; this server's own are looked up each time, since they rotate. */
async function rootsOf(
  settings: X509PopSettings,
  readFile: (path: string) => Promise<Uint8Array>,
  { bundles, trustDomain }: ServerPluginDeps,
): Promise<() => Promise<readonly Certificate[]>> {
  if (isExternalPki(settings)) {
    const roots: Certificate[] = [];
    for (const path of caBundlePaths(settings)) roots.push(...Certificate.parsePem(await readFile(path)));
    return async () => roots;
  }
  return async () => {
    const bundle = await bundles.findBundle(trustDomain);
    return (bundle?.x509Authorities ?? []).map(({ certificate }) => Certificate.parse(certificate));
  };
}

function svidPrefix({ spiffe_prefix: prefix = '/spire-exchange/' }: X509PopSettings): string {
  return prefix.endsWith('/') ? prefix : `${prefix}/`;
}

function templateOf(settings: X509PopSettings): string {
  if (settings.agent_path_template !== '') return settings.agent_path_template;
  const last = isExternalPki(settings) ? 'Fingerprint' : 'SVIDPathTrimmed';
  return `/{{ .PluginName }}/{{ .${last} }}`;
}
