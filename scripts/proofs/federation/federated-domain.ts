import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment, freePort } from '../../../test/support/deployment.ts';
import { pemFiles, type ServerIdentity } from '../../../test/support/https-endpoint.ts';
import type { Programs } from '../../../test/support/programs.ts';
import type { Workload } from './mtls-call.ts';

/** How a trust domain serves its bundle. */
export type Profile = 'https_spiffe' | 'https_web';

/** What a trust domain is made of. */
export interface FederatedDomainOptions {
  readonly trustDomain: string;
  readonly daemons: Programs;
  readonly profile: Profile;
  /** What the endpoint shows with profile `https_web`. */
  readonly web: ServerIdentity;
  /** A folder for its files. */
  readonly folder: string;
}

const WAIT_MS = 90_000;

/** A server with a bundle endpoint, an agent and a workload, as real processes. */
export class FederatedDomain implements AsyncDisposable {
  readonly trustDomain: string;
  readonly #options: FederatedDomainOptions;
  readonly #deployment: Deployment;
  readonly #endpointPort: number;
  readonly #entryId: string;
  #fetches = 0;

  private constructor(options: FederatedDomainOptions, deployment: Deployment, endpointPort: number, entryId: string) {
    this.trustDomain = options.trustDomain;
    this.#options = options;
    this.#deployment = deployment;
    this.#endpointPort = endpointPort;
    this.#entryId = entryId;
  }

  static async open(options: FederatedDomainOptions): Promise<FederatedDomain> {
    const { trustDomain, daemons, profile, web, folder } = options;
    const port = await freePort();
    const files = pemFiles(web);
    const [cert, key] = ['cert', 'key'].map((name) => join(folder, `${trustDomain}.${name}.pem`)) as [string, string];
    writeFileSync(cert, files.cert);
    writeFileSync(key, files.key, { mode: 0o600 });
    const webProfile = `https_web" { serving_cert_file { cert_file_path = "${cert}" key_file_path = "${key}" file_sync_interval = "1m" } }`;
    const serverSettings = `federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${port}
      refresh_hint = "1m"
      profile "${profile === 'https_web' ? webProfile : 'https_spiffe" {}'}
    }
  }`;
    const deployment = await Deployment.open({ trustDomain, daemons, serverSettings });
    try {
      await deployment.startAgent();
      const entryId = await deployment.createEntry('/workload', [`unix:uid:${process.getuid?.()}`]);
      return new FederatedDomain(options, deployment, port, entryId);
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Gives this domain the first bundle of another, by hand. */
  async setBundleOf(other: FederatedDomain): Promise<void> {
    const shown = await other.#command('bundle', 'show', '-format', 'spiffe');
    const path = join(this.#options.folder, `${this.trustDomain}-${other.trustDomain}.json`);
    writeFileSync(path, shown);
    await this.#command('bundle', 'set', '-id', `spiffe://${other.trustDomain}`, '-format', 'spiffe', '-path', path);
  }

  /** Has this domain fetch the bundle of another from now on, and grant it to its workload. */
  async federateWith(other: FederatedDomain): Promise<void> {
    const { profile } = other.#options;
    await this.#command(
      ...['federation', 'create', '-trustDomain', other.trustDomain],
      ...['-bundleEndpointURL', `https://localhost:${other.#endpointPort}/`, '-bundleEndpointProfile', profile],
      ...(profile === 'https_spiffe' ? ['-endpointSpiffeID', `spiffe://${other.trustDomain}/spire/server`] : []),
    );
    await this.refresh(other);
    const shown = await this.#command('bundle', 'list', '-id', `spiffe://${other.trustDomain}`);
    if (!shown.includes('BEGIN CERTIFICATE')) throw new Error(`no bundle of ${other.trustDomain}: ${shown}`);
    await this.#command(
      ...['entry', 'update', '-entryID', this.#entryId, '-spiffeID', `spiffe://${this.trustDomain}/workload`],
      ...['-parentID', `spiffe://${this.trustDomain}/host`, '-selector', `unix:uid:${process.getuid?.()}`],
      ...['-federatesWith', other.trustDomain],
    );
  }

  /** Fetches the bundle of another domain at once. */
  async refresh(other: FederatedDomain): Promise<void> {
    await this.#command('federation', 'refresh', '-id', other.trustDomain);
  }

  /** How many roots this domain knows of another. */
  async countRootsOf(other: FederatedDomain): Promise<number> {
    const shown = await this.#command('bundle', 'list', '-id', `spiffe://${other.trustDomain}`);
    return countCertificates(shown);
  }

  /** Prepares a new root and activates it; returns the old one's authority ID. */
  async replaceRoot(untilKnown: () => Promise<void>): Promise<string> {
    const shown = await this.#command('localauthority', 'x509', 'show');
    const old = authorityId(shown);
    const prepared = authorityId(await this.#command('localauthority', 'x509', 'prepare'));
    await untilKnown();
    await this.#command('localauthority', 'x509', 'activate', '-authorityID', prepared);
    return old;
  }

  async taint(authority: string): Promise<void> {
    await this.#command('localauthority', 'x509', 'taint', '-authorityID', authority);
  }

  async revoke(authority: string): Promise<void> {
    await this.#command('localauthority', 'x509', 'revoke', '-authorityID', authority);
  }

  /** The workload as its Workload API has it now. */
  async workload(): Promise<Workload> {
    this.#fetches += 1;
    const folder = join(this.#options.folder, `${this.trustDomain}-${this.#fetches}`);
    mkdirSync(folder);
    // SPIRE's agent hears of an entry some seconds later.
    await waitFor(`an SVID of ${this.trustDomain}`, async () => {
      const { code } = await this.#deployment.agent(['api', 'fetch', 'x509', '-write', folder]);
      return code === 0 ? true : undefined;
    });
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const federated = readdirSync(folder).find((name) => name.startsWith('federated_bundle.'));
    return {
      spiffeId: `spiffe://${this.trustDomain}/workload`,
      svid: read('svid.0.pem'),
      key: read('svid.0.key'),
      isFederated: federated !== undefined,
      peerBundle: federated === undefined ? read('bundle.0.pem') : read(federated),
    };
  }

  /** The workload as soon as it is as it should be. */
  async workloadWhen(isThere: (workload: Workload) => boolean): Promise<Workload> {
    return await waitFor(`the workload of ${this.trustDomain}`, async () => {
      const workload = await this.workload();
      return isThere(workload) ? workload : undefined;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#deployment[Symbol.asyncDispose]();
  }

  async #command(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#deployment.server(...args);
    if (code !== 0) throw new Error(`${this.trustDomain}: ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }
}

/** Certificates in a text. */
export function countCertificates(text: string): number {
  return text.split('-----BEGIN CERTIFICATE-----').length - 1;
}

/** Asks until there is an answer. */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const endsAt = performance.now() + WAIT_MS;
  while (performance.now() < endsAt) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(500);
  }
  throw new Error(`${what} did not come within ${WAIT_MS / 1000} s`);
}

function authorityId(text: string): string {
  const found = /Authority ID: (\S+)/.exec(text)?.[1];
  if (found === undefined) throw new Error(`no authority: ${text}`);
  return found;
}
