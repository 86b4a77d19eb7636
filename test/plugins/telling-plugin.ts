/**
 * A plugin of the type that its first argument names, which tells in its log what it was called with. With a path as second
 * argument it keeps the bundle there, as SPIFFE has it, and refuses it while a file PATH.refuse is there. With `odd` it
 * composes what cannot be.
 */
import { existsSync, writeFileSync } from 'node:fs';
import {
  bundlePublisher,
  credentialComposer,
  notifier,
  type PluginService,
  pluginLogger,
  pluginService,
  RpcCode,
  RpcError,
  servePlugin,
} from '../../src/lib/plugin/index.ts';
import { publishedBundle } from '../../src/lib/server/plugin/bundlepublisher/bundle-format.ts';
import { bundleFromWire } from '../../src/lib/wire/convert/bundle.ts';

const [, , type = '', path = ''] = process.argv;
const log = pluginLogger();

function tellOfBundle(event: string, bundle: notifier.BundleUpdated['bundle']): void {
  log.info('Told', {
    event,
    trust_domain: bundle?.trustDomain,
    x509: bundle?.x509Authorities.map(({ tainted }) => tainted).join(),
    jwt: bundle?.jwtAuthorities.map(({ keyId }) => keyId).join(),
    sequence: String(bundle?.sequenceNumber),
  });
  if (existsSync(`${path}.refuse`)) throw new RpcError(RpcCode.unavailable, 'the cluster is away');
  if (path !== '') writeFileSync(path, publishedBundle(bundleFromWire(bundle), 'spiffe', undefined));
}

const SERVICES: Readonly<Record<string, PluginService>> = {
  Notifier: pluginService(notifier.NotifierDefinition, {
    async notify({ event }) {
      tellOfBundle('updated', event?.value.bundle);
      return {};
    },
    async notifyAndAdvise({ event }) {
      tellOfBundle('loaded', event?.value.bundle);
      return {};
    },
  }),
  BundlePublisher: pluginService(bundlePublisher.BundlePublisherDefinition, {
    async publishBundle({ bundle }) {
      tellOfBundle('published', bundle);
      return {};
    },
  }),
  CredentialComposer: pluginService(credentialComposer.CredentialComposerDefinition, {
    async composeServerX509CA({ attributes }) {
      return { attributes: attributes && { ...attributes, policyIdentifiers: ['1.2.3.4'] } };
    },
    async composeWorkloadX509SVID({ attributes, spiffeId, publicKey }) {
      const subject = attributes?.subject && {
        ...attributes.subject,
        commonName: `${spiffeId} ${publicKey.length > 0}`,
      };
      return { attributes: attributes && { ...attributes, subject } };
    },
    async composeWorkloadJWTSVID({ attributes, spiffeId }) {
      return { attributes: { claims: { ...attributes?.claims, composed_for: spiffeId } } };
    },
    composeAgentX509SVID: async ({ attributes }) => ({
      attributes: path === 'odd' ? { subject: undefined, dnsSans: [], extraExtensions: [] } : attributes,
    }),
    // The server's own SVID is left to others: Unimplemented.
  }),
};

const service = SERVICES[type];
if (service === undefined) throw new Error(`no type ${type}`);
await servePlugin({ type, services: [service] });
