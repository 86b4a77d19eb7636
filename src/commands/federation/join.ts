import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isConfirmed } from '../../lib/cli/confirmation.ts';
import { awaitWithin, within } from '../../lib/cli/error-context.ts';
import { AdvisedError } from '../../lib/cli/failure.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { inputName, readInput } from '../../lib/cli/input-file.ts';
import {
  formatJoinReport,
  formatOfferedBundle,
  type JoinReport,
  joinJson,
} from '../../lib/cli/pretty/federation-join.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import {
  type EndpointProfile,
  fetchBundleDocument,
  readJoinedBundle,
  trustDomainOf,
} from '../../lib/federating/bundle-endpoint.ts';
import { bundleFingerprint, normalFingerprint } from '../../lib/federating/bundle-fingerprint.ts';
import { differencesOf, findStoredBundle, join, readHeld, type WantedRelationship } from '../../lib/federating/join.ts';
import { DocumentFetcher } from '../../lib/fetch/document-fetcher.ts';
import type { Finding } from '../../lib/findings/finding.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';
import type { AuthorityBundle } from '../../lib/spiffe/authority-bundle.ts';
import { SpiffeId } from '../../lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../lib/spiffe/trust-domain.ts';

/** A document of a bundle is at most this large, as one that is fetched. */
const MAX_BUNDLE_BYTES = 1024 * 1024;

const flags = {
  ...serverFlags,
  trustDomain: flag.string({ usage: 'Trust domain whose bundle it is, if its roots do not name it' }),
  bundleEndpointProfile: flag.string({
    usage: 'How the endpoint proves who it is: https_web or https_spiffe; default: by the flags given',
  }),
  endpointSpiffeID: flag.string({ usage: 'SPIFFE ID of the endpoint, for https_spiffe' }),
  bundle: flag.string({
    usage:
      "For https_spiffe: file with the bundle (a SPIFFE bundle document) by which the endpoint is recognised the first time; '-' reads stdin",
  }),
  fingerprint: flag.string({ usage: 'Go ahead only if the bundle has this fingerprint, and do not ask then' }),
  yes: flag.bool({ usage: 'Trust the bundle that the endpoint serves, and do not ask' }),
  output: flag.output(),
} as const;

type Context = CommandContext<typeof flags>;

/** `spirekit federation join` */
export default class FederationJoin extends BaseCommand<typeof flags> {
  static override readonly summary = 'Federate with the trust domain whose bundle a URL serves';
  static override readonly description =
    'Fetches the bundle, shows whose it is and its fingerprint, asks, and then has the server keep it fresh. Changes nothing where that is so already (exit code 0), nor where another relationship is in the way (exit code 7).';
  static override readonly examples = [
    '<%= config.bin %> federation join https://far.example/bundle',
    '<%= config.bin %> federation join https://spire.far.example:8443/ --endpoint-spiffe-id spiffe://far.example/spire/server --bundle far.json',
  ];
  static override readonly args = { url: { description: 'URL of the bundle endpoint; https' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation join';

  override async execute(context: Context): Promise<number> {
    const { clock, signal } = context;
    const [url, ...others] = context.args;
    if (url === undefined || others.length > 0)
      throw new SpirekitError('usage', 'one URL of a bundle endpoint is needed');
    const asked = profileAsked(context);
    const named = context.flags.trustDomain;
    const expected = named === '' ? undefined : within('--trust-domain', () => TrustDomain.parse(named));
    context.abortOn('SIGINT', 'SIGTERM');
    await using rpc = await connectToServer(context);
    const profile = await endpointProfile(asked, rpc, context);
    const document = await fetchBundleDocument(new DocumentFetcher({ clock }), url, profile, { clock, signal });
    const trustDomain = expected ?? trustDomainOf(document);
    const bundle = readJoinedBundle(trustDomain, document);
    const wanted: WantedRelationship = {
      trustDomain,
      url,
      profile: profile.kind,
      endpointId: profile.kind === 'https_spiffe' ? profile.endpointId.toString() : '',
    };
    return await agreeAndJoin(rpc, wanted, bundle, context);
  }
}

async function agreeAndJoin(
  rpc: RpcClient,
  wanted: WantedRelationship,
  bundle: AuthorityBundle,
  context: Context,
): Promise<number> {
  const { signal } = context;
  const held = await readHeld(rpc, wanted.trustDomain.name, { signal });
  if (held.ownTrustDomain === wanted.trustDomain.name) {
    throw new SpirekitError('invalid-argument', `${wanted.trustDomain} is the server's own trust domain`);
  }
  const differences = held.relationship === undefined ? [] : differencesOf(held.relationship, wanted);
  const report = { wanted, bundle, differences, own: held.ownBundle, findings: [] as Finding[] };
  if (differences.length > 0) return await finish({ ...report, result: 'differs' }, EXIT_CODES.exists, context);
  if (held.relationship !== undefined && held.bundle !== undefined) {
    return await finish({ ...report, result: 'already-joined' }, EXIT_CODES.ok, context);
  }
  context.io.stderr.write(formatOfferedBundle(wanted, bundle, context.clock.nowMs()));
  if (!(await isAgreed(wanted, bundle, context))) {
    return await finish({ ...report, result: 'declined' }, EXIT_CODES.other, context);
  }
  const { refreshProblem } = await join(rpc, wanted, bundle, held, { signal });
  if (refreshProblem !== undefined) {
    report.findings.push({
      code: 'SPK-6106',
      severity: 'error',
      subject: wanted.trustDomain.name,
      message: `the server cannot refresh its bundle: ${refreshProblem.message}`,
      remedy: 'The bundle is stored and counts; have the server reach the endpoint, it tries again by itself.',
    });
  }
  const code = refreshProblem === undefined ? EXIT_CODES.ok : EXIT_CODES.partlyDone;
  return await finish({ ...report, result: 'joined' }, code, context);
}

async function isAgreed(wanted: WantedRelationship, bundle: AuthorityBundle, context: Context): Promise<boolean> {
  const { fingerprint, yes } = context.flags;
  if (fingerprint === '') {
    return await isConfirmed(`Trust this bundle for all of ${wanted.trustDomain}?`, yes, context);
  }
  const found = bundleFingerprint(bundle);
  if (normalFingerprint(fingerprint) === found) return true;
  throw new AdvisedError(
    'invalid-bundle',
    `the bundle of ${wanted.trustDomain} has the fingerprint ${found}, not the one given`,
    'Its operators see theirs by `spirekit federation status`; it changes whenever they rotate.',
  );
}

async function finish(report: JoinReport, code: number, context: Context): Promise<number> {
  await context.print({ pretty: () => formatJoinReport(report), json: () => joinJson(report) });
  return code;
}

function profileAsked({
  flags: { bundleEndpointProfile, endpointSpiffeID, bundle },
}: Context): EndpointProfile['kind'] {
  switch (bundleEndpointProfile) {
    case '':
      if (bundle !== '' && endpointSpiffeID === '') break;
      return endpointSpiffeID === '' ? 'https_web' : 'https_spiffe';
    case 'https_web':
      if (endpointSpiffeID === '' && bundle === '') return 'https_web';
      throw new SpirekitError('usage', '--endpoint-spiffe-id and --bundle are for https_spiffe');
    case 'https_spiffe':
      if (endpointSpiffeID === '') break;
      return 'https_spiffe';
    default:
      throw new SpirekitError('usage', '--bundle-endpoint-profile is https_web or https_spiffe');
  }
  throw new SpirekitError('usage', 'with https_spiffe, --endpoint-spiffe-id says whom to expect');
}

/** With `https_spiffe` the endpoint is recognised by a bundle that is in a file, or in the server already. */
async function endpointProfile(
  kind: EndpointProfile['kind'],
  rpc: RpcClient,
  context: Context,
): Promise<EndpointProfile> {
  if (kind === 'https_web') return { kind };
  const { flags, io, signal } = context;
  const endpointId = within('--endpoint-spiffe-id', () => SpiffeId.parse(flags.endpointSpiffeID));
  if (flags.bundle !== '') {
    const options = { signal, maxBytes: MAX_BUNDLE_BYTES };
    const bytes = await awaitWithin('cannot read the bundle', readInput(flags.bundle, io.stdin, options));
    const name = inputName(flags.bundle);
    const bundle = within(`cannot use ${name}`, () => readJoinedBundle(endpointId.trustDomain, bytes));
    return { kind, endpointId, bundle };
  }
  const stored = await findStoredBundle(rpc, endpointId.trustDomain.name, { signal });
  if (stored !== undefined) return { kind, endpointId, bundle: stored };
  throw new AdvisedError(
    'failed-precondition',
    `there is no bundle of ${endpointId.trustDomain} to recognise the endpoint by`,
    'Get one from its operators (`spire-server bundle show -format spiffe`) and give it by --bundle.',
  );
}
