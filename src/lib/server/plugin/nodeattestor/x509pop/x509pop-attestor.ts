import { BlockList, isIP } from 'node:net';
import type { Certificate } from '../../../../crypto/certificate.ts';
import { verifyChain } from '../../../../crypto/chain.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { Template } from '../../../../template/template.ts';
import type { AttestOptions, AttestResult, ChallengeAgent, NodeAttestor } from '../node-attestor.ts';
import { type PresentedChain, type PresentedChainLimits, parseAttestationData } from './attestation-data.ts';
import { agentPathData, printIpAddress } from './certificate-data.ts';
import { Challenge } from './challenge.ts';
import { findUriSanSelectors, selectorValues } from './selectors.ts';

/** What the attestor depends on. */
export interface X509PopAttestorDeps extends PresentedChainLimits {
  readonly trustDomain: TrustDomain;
  /** The CAs that speak for nodes. */
  readonly findRoots: () => Promise<readonly Certificate[]>;
  /** The start of the paths of SVIDs that agents may show, with a slash at its end; undefined unless they show SVIDs. */
  readonly svidPrefix: string | undefined;
  readonly pathTemplate: Template;
  /** Whether one of the certificate's addresses must be the one that the agent calls from. */
  readonly verifiesClientIp: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An attestation that waits for the answer to its challenge. */
interface Begun {
  readonly leaf: Certificate;
  readonly chains: readonly (readonly Certificate[])[];
  readonly challenge: Challenge;
}

/**
 * Attests an agent by a certificate of a CA that the operator trusts with that, and by a challenge for its key. The same
 * certificate may attest again, which is how these agents renew.
 */
export class X509PopAttestor implements NodeAttestor {
  readonly name = 'x509pop';
  readonly #deps: X509PopAttestorDeps;

  constructor(deps: X509PopAttestorDeps) {
    this.#deps = deps;
  }

  /** The sentences are SPIRE's, and name the plugin as there. */
  async attest(payload: Uint8Array, challengeAgent: ChallengeAgent, options: AttestOptions): Promise<AttestResult> {
    const begun = await naming(() => this.#begin(payload, options));
    const answer = await challengeAgent(begun.challenge.bytes);
    return naming(() => this.#finish(begun, answer));
  }

  async #begin(payload: Uint8Array, { clientAddress }: AttestOptions): Promise<Begun> {
    const presented = parseAttestationData(payload, this.#deps);
    const { leaf } = presented;
    const chains = await this.#verify(presented);
    if (this.#deps.verifiesClientIp) checkClientIp(leaf, clientAddress);
    return { leaf, chains, challenge: new Challenge(leaf) };
  }

  #finish({ leaf, chains, challenge }: Begun, answer: Uint8Array): AttestResult {
    challenge.verify(answer);
    const uriSanSelectors = findUriSanSelectors(leaf, this.#deps.trustDomain, (uri) => {
      this.#deps.log.warn(`cannot extract x509pop san selectors from ${uri}`);
    });
    return {
      agentId: this.#agentId(leaf, uriSanSelectors),
      selectorValues: selectorValues(leaf, chains, uriSanSelectors),
      canReattest: true,
    };
  }

  /**
   * Unlike SPIRE's this refuses a CA as an agent's certificate: whoever has its key can be any node, and should not be
   * mistaken for one.
   */
  async #verify({ leaf, intermediates }: PresentedChain): Promise<Certificate[][]> {
    const roots = await this.#deps.findRoots();
    const nowMs = this.#deps.clock.nowMs();
    try {
      if (leaf.isCa) throw new SpirekitError('invalid-certificate', 'the certificate of a node must not be a CA');
      return verifyChain({ leaf, intermediates, roots, nowMs });
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      throw new SpirekitError('permission-denied', `certificate verification failed: ${reason}`, { cause });
    }
  }

  #agentId(leaf: Certificate, uriSanSelectors: ReadonlyMap<string, string>): SpiffeId {
    const { trustDomain, pathTemplate, svidPrefix } = this.#deps;
    const svidPathTrimmed = svidPrefix === undefined ? '' : trimmedSvidPath(leaf, trustDomain, svidPrefix);
    try {
      const data = agentPathData(leaf, { trustDomain: trustDomain.name, svidPathTrimmed, uriSanSelectors });
      return agentIdOf(trustDomain, pathTemplate.execute(data));
    } catch (cause) {
      const { message } = prefixed('failed to make spiffe id', cause);
      throw new SpirekitError('internal', message, { cause });
    }
  }
}

function agentIdOf(trustDomain: TrustDomain, suffix: string): SpiffeId {
  try {
    return SpiffeId.fromPath(trustDomain, `/spire/agent${suffix}`);
  } catch (cause) {
    throw prefixed(`invalid agent path suffix ${goQuote(suffix)}`, cause);
  }
}

async function naming<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw prefixed('nodeattestor(x509pop)', error);
  }
}

/** Unlike SPIRE's this takes no SVID that names another trust domain, whoever signed it. */
function trimmedSvidPath({ uris }: Certificate, trustDomain: TrustDomain, prefix: string): string {
  const uri = uris.find((candidate) => candidate.startsWith('spiffe:'));
  const id = uri === undefined ? undefined : findSpiffeId(uri);
  if (id === undefined || !id.isMemberOf(trustDomain)) throw refused('valid SVID x509 cert not found');
  if (!id.path.startsWith(prefix)) throw refused('x509 cert doesnt match SVID prefix');
  return id.path.slice(prefix.length);
}

function findSpiffeId(uri: string): SpiffeId | undefined {
  try {
    return SpiffeId.parse(uri);
  } catch {
    return undefined;
  }
}

function checkClientIp({ ipAddresses }: Certificate, clientAddress: string | undefined): void {
  const kind = isIP(clientAddress ?? '');
  if (clientAddress === undefined || kind === 0) {
    throw new SpirekitError('internal', 'client IP not available for verification');
  }
  const known = new BlockList();
  for (const octets of ipAddresses) known.addAddress(printIpAddress(octets), octets.length === 4 ? 'ipv4' : 'ipv6');
  if (known.check(clientAddress, kind === 4 ? 'ipv4' : 'ipv6')) return;
  throw refused(`client IP ${clientAddress} does not match any certificate IP SAN`);
}

function refused(message: string): SpirekitError {
  return new SpirekitError('permission-denied', message);
}
