import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '../../test/support/https-endpoint.ts';
import { findRealSpire, ours, type Programs } from '../../test/support/programs.ts';
import { countCertificates, FederatedDomain, type Profile, waitFor } from './federation/federated-domain.ts';
import { callOverMtls, type Workload } from './federation/mtls-call.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

export const proof: Proof = {
  shows:
    'federation with a real SPIRE server, both profiles in both directions: changes spread, and workloads of the two trust domains call each other over mTLS',
  hasShortForm: true,
  async run(args) {
    const real = findRealSpire();
    const isShort = args.includes(SHORT);
    if (real === undefined && !isShort) {
      return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    }
    const far = real ?? ours;
    const name = real === undefined ? 'ours and ours' : 'ours and SPIRE';
    const pairs: Pair[] = [{ name, far, nearProfile: 'https_spiffe', farProfile: 'https_web' }];
    if (!isShort) pairs.push({ name, far, nearProfile: 'https_web', farProfile: 'https_spiffe' });
    const figures: string[] = [];
    let holds = true;
    for (const pair of pairs) {
      const { failures, calls, refused } = await tryPair(pair);
      for (const failure of failures) console.log(`FAILED: ${failure}`);
      holds &&= failures.length === 0;
      figures.push(
        `${pair.name}, ${pair.nearProfile} and ${pair.farProfile}: ${calls} calls, ${failures.length} not as they should be, ${refused} refused as they should be`,
      );
    }
    return verdict(holds, figures.join('; '));
  },
};

interface Pair {
  readonly name: string;
  readonly far: Programs;
  /** How our server serves its bundle. */
  readonly nearProfile: Profile;
  readonly farProfile: Profile;
}

interface Outcome {
  readonly failures: readonly string[];
  readonly calls: number;
  readonly refused: number;
}

async function tryPair(pair: Pair): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-federation-'));
  const before = process.env['SSL_CERT_FILE'];
  try {
    const authority = await TestAuthority.make();
    const roots = join(folder, 'web-roots.pem');
    writeFileSync(roots, authority.pem);
    // Where the servers, ours and Go's, find the authorities of the web.
    process.env['SSL_CERT_FILE'] = roots;
    const web = await authority.issue({ dnsNames: ['localhost'] });
    const shared = { web, folder };
    await using near = await FederatedDomain.open({
      ...shared,
      trustDomain: 'near.example',
      daemons: ours,
      profile: pair.nearProfile,
    });
    await using far = await FederatedDomain.open({
      ...shared,
      trustDomain: 'far.example',
      daemons: pair.far,
      profile: pair.farProfile,
    });
    return await federate(near, far, pair);
  } finally {
    if (before === undefined) delete process.env['SSL_CERT_FILE'];
    else process.env['SSL_CERT_FILE'] = before;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function federate(near: FederatedDomain, far: FederatedDomain, pair: Pair): Promise<Outcome> {
  const calls = new Calls();
  console.log(`${pair.name}: near.example serves ${pair.nearProfile}, far.example serves ${pair.farProfile}`);
  await calls.mustFail('before federation', await near.workload(), await far.workload());
  if (pair.farProfile === 'https_spiffe') await near.setBundleOf(far);
  if (pair.nearProfile === 'https_spiffe') await far.setBundleOf(near);
  await Promise.all([near.federateWith(far), far.federateWith(near)]);
  console.log('both have fetched the bundle of the other');
  const has = (roots: number) => (workload: Workload) =>
    workload.isFederated && countCertificates(workload.peerBundle) === roots;
  const oldNear = await near.workloadWhen(has(1));
  const oldFar = await far.workloadWhen(has(1));
  await calls.mustPass('after federation', oldNear, oldFar);

  const known = async (who: FederatedDomain, whose: FederatedDomain): Promise<void> => {
    await waitFor('the new root', async () => ((await who.countRootsOf(whose)) === 2 ? true : undefined));
  };
  const [nearsOld, farsOld] = await Promise.all([
    near.replaceRoot(() => known(far, near)),
    far.replaceRoot(() => known(near, far)),
  ]);
  console.log('new roots have spread by themselves');
  await calls.mustPass('with both roots', await near.workloadWhen(has(2)), await far.workloadWhen(has(2)));

  await Promise.all([near.taint(nearsOld), far.taint(farsOld)]);
  const isNew = (old: Workload) => (workload: Workload) => workload.svid !== old.svid && has(2)(workload);
  const newNear = await near.workloadWhen(isNew(oldNear));
  const newFar = await far.workloadWhen(isNew(oldFar));
  await calls.mustPass('after the old roots were tainted', newNear, newFar);

  await Promise.all([near.revoke(nearsOld), far.revoke(farsOld)]);
  await Promise.all([near.refresh(far), far.refresh(near)]);
  const [lastNear, lastFar] = [await near.workloadWhen(has(1)), await far.workloadWhen(has(1))];
  await calls.mustPass('after the old roots were revoked', lastNear, lastFar);
  await calls.mustFail('with an SVID of the old root of far.example', lastNear, {
    ...oldFar,
    peerBundle: lastFar.peerBundle,
  });
  await calls.mustFail(
    'with an SVID of the old root of near.example',
    { ...oldNear, peerBundle: lastNear.peerBundle },
    lastFar,
  );
  return calls.outcome;
}

/** Calls in both directions, and what came of them. */
class Calls {
  readonly #failures: string[] = [];
  #calls = 0;
  #refused = 0;

  get outcome(): Outcome {
    return { failures: this.#failures, calls: this.#calls, refused: this.#refused };
  }

  async mustPass(when: string, near: Workload, far: Workload): Promise<void> {
    for (const [from, to] of this.#directions(near, far)) {
      const problem = await callOverMtls(from, to);
      if (problem !== undefined) this.#failures.push(`${when}, ${from.spiffeId} to ${to.spiffeId}: ${problem}`);
    }
    console.log(`${when}: called`);
  }

  async mustFail(when: string, near: Workload, far: Workload): Promise<void> {
    for (const [from, to] of this.#directions(near, far)) {
      const problem = await callOverMtls(from, to);
      if (problem === undefined) this.#failures.push(`${when}, ${from.spiffeId} to ${to.spiffeId}: it went through`);
      else this.#refused += 1;
    }
    console.log(`${when}: refused`);
  }

  #directions(near: Workload, far: Workload): readonly (readonly [Workload, Workload])[] {
    this.#calls += 2;
    return [
      [near, far],
      [far, near],
    ];
  }
}
