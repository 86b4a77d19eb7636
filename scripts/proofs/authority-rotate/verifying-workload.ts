import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { verifyX509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import { SpiffeWorkloadAPIDefinition } from '../../../src/lib/wire/gen/workload.ts';
import { callOverMtls } from '../federation/mtls-call.ts';

const METADATA = { 'workload.spiffe.io': 'true' };
const EVERY_MS = 100;

/** An SVID with its key and the bundle that came with it, in DER. */
interface Identity {
  readonly spiffeId: string;
  readonly chain: Certificate[];
  readonly roots: Certificate[];
  readonly svidDer: Uint8Array;
  readonly keyDer: Uint8Array;
  readonly bundleDer: Uint8Array;
}

/**
 * A workload that holds what its stream pushed last and, several times a second, verifies it and calls itself with it over mTLS:
 * one side with what was pushed last, the other with what was pushed before. Those are the two that meet in a deployment.
 */
export class VerifyingWorkload implements AsyncDisposable {
  verified = 0;
  calls = 0;
  issuers = new Set<string>();
  readonly failures: string[] = [];
  readonly #client: RpcClient;
  readonly #stop = new AbortController();
  #last: Identity | undefined;
  #before: Identity | undefined;
  readonly #work: Promise<unknown>;

  constructor(socketPath: string) {
    this.#client = new RpcClient({ kind: 'unix', path: socketPath });
    this.#work = Promise.all([this.#stream(), this.#verify()]);
  }

  async ready(): Promise<void> {
    while (this.#last === undefined) await pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#client.close();
    await this.#work;
  }

  async #stream(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const options = { metadata: METADATA, signal: this.#stop.signal };
        for await (const { svids } of this.#client.serverStream(
          SpiffeWorkloadAPIDefinition,
          'fetchX509SVID',
          {},
          options,
        )) {
          const [svid] = svids;
          if (svid === undefined) continue;
          this.#before = this.#last;
          this.#last = {
            spiffeId: svid.spiffeId,
            chain: Certificate.parseAll(svid.x509Svid),
            roots: Certificate.parseAll(svid.bundle),
            svidDer: svid.x509Svid,
            keyDer: svid.x509SvidKey,
            bundleDer: svid.bundle,
          };
          this.issuers.add(Buffer.from(this.#last.chain[0]?.authorityKeyId ?? []).toString('hex'));
        }
      } catch (error) {
        // Before its entry is there it is refused; SPIRE's agent hears of one some seconds later.
        if (!this.#stop.signal.aborted && this.#last !== undefined) this.failures.push(`stream: ${error}`);
        await pause();
      }
    }
  }

  async #verify(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const last = this.#last;
      const before = this.#before ?? last;
      if (last !== undefined && before !== undefined) {
        this.#check(last, last);
        // What was pushed before is replaced long before it ends; its holder knows the bundle of then.
        if (isValid(before)) {
          this.#check(before, last);
          this.#check(last, before);
        }
        const problem = await callOverMtls(asWorkload(last, before), asWorkload(isValid(before) ? before : last, last));
        this.calls += 1;
        if (problem !== undefined) this.failures.push(`mTLS: ${problem}`);
      }
      await pause();
    }
  }

  #check(holder: Identity, verifier: Identity): void {
    this.verified += 1;
    try {
      verifyX509Svid(holder.chain, { getX509Bundle: () => verifier.roots }, { nowMs: Date.now() });
    } catch (error) {
      this.failures.push(`verification: ${error}`);
    }
  }
}

function isValid({ chain: [leaf] }: Identity): boolean {
  return leaf !== undefined && leaf.notAfterMs > Date.now() + EVERY_MS;
}

function asWorkload(own: Identity, verifier: Identity) {
  return {
    spiffeId: own.spiffeId,
    svid: own.chain.map(({ der }) => pem('CERTIFICATE', der)).join(''),
    key: pem('PRIVATE KEY', own.keyDer),
    isFederated: false,
    peerBundle: verifier.roots.map(({ der }) => pem('CERTIFICATE', der)).join(''),
  };
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
