/** A plugin of the type that its argument names, which tells in its log what it was called with. */
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

const log = pluginLogger();

function tellOfBundle(event: string, bundle: notifier.BundleUpdated['bundle']): void {
  log.info('Told', {
    event,
    trust_domain: bundle?.trustDomain,
    x509: bundle?.x509Authorities.map(({ tainted }) => tainted).join(),
    jwt: bundle?.jwtAuthorities.map(({ keyId }) => keyId).join(),
    sequence: String(bundle?.sequenceNumber),
  });
}

const SERVICES: Readonly<Record<string, PluginService>> = {
  Notifier: pluginService(notifier.NotifierDefinition, {
    async notify({ event }) {
      tellOfBundle('updated', event?.value.bundle);
      return {};
    },
    async notifyAndAdvise({ event }) {
      tellOfBundle('loaded', event?.value.bundle);
      throw new RpcError(RpcCode.unavailable, 'the cluster is away');
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
    composeAgentX509SVID: async () => ({ attributes: { subject: undefined, dnsSans: [], extraExtensions: [] } }),
    // The server's own SVID is left to others: Unimplemented.
  }),
};

const [, , type = ''] = process.argv;
const service = SERVICES[type];
if (service === undefined) throw new Error(`no type ${type}`);
await servePlugin({ type, services: [service] });
