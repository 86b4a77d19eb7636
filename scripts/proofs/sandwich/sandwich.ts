import { randomBytes } from 'node:crypto';
import { Deployment, freePort } from '../../../test/support/deployment.ts';
import { upstreamSpire } from '../../../test/support/nested.ts';
import type { Programs } from '../../../test/support/programs.ts';
import { Workload } from '../rotation-soak/workload.ts';
import type { Served } from './served-identity.ts';

/** One of the two workloads: where it runs, as whom, and where it listens. */
export interface Slice extends Served {
  readonly spiffeId: string;
  readonly address: string;
}

/** Whose daemons there are: a server and an agent on top, and a server nested below with an agent of its own. */
export interface Layers {
  readonly above: Programs;
  readonly below: Programs;
}

/** Two servers of one trust domain, one nested under the other, and a workload at the agent of each. All names are random. */
export class Sandwich implements AsyncDisposable {
  readonly root: Deployment;
  readonly nested: Deployment;
  readonly slices: readonly [Slice, Slice];

  private constructor(root: Deployment, nested: Deployment, slices: readonly [Slice, Slice]) {
    this.root = root;
    this.nested = nested;
    this.slices = slices;
  }

  static async open({ above, below }: Layers): Promise<Sandwich> {
    const trustDomain = `${randomName()}.example`;
    await using opening = new AsyncDisposableStack();
    const root = opening.use(await Deployment.open({ daemons: above, trustDomain }));
    await root.startAgent();
    await root.createEntry(`/${randomName()}`, [`unix:uid:${process.getuid?.() ?? 0}`], '-downstream');
    const nested = opening.use(
      await Deployment.open({ daemons: below, trustDomain, serverPlugins: upstreamSpire(root) }),
    );
    await nested.startAgent();
    const slices = [await addSlice(root, 2001, trustDomain), await addSlice(nested, 2002, trustDomain)] as const;
    opening.move();
    return new Sandwich(root, nested, slices);
  }

  /** Starts both workloads; they listen when this resolves. */
  async start(program: string, seconds: number): Promise<readonly [Workload, Workload]> {
    const [one, two] = this.slices;
    const launch = (self: Slice, peer: Slice): Workload =>
      new Workload({
        program,
        uid: self.uid,
        socketPath: self.deployment.agentSocket,
        seconds,
        listen: self.address,
        peer: peer.address,
        peerId: peer.spiffeId,
      });
    const workloads = [launch(one, two), launch(two, one)] as const;
    await Promise.all(workloads.map((workload) => workload.ready()));
    return workloads;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nested[Symbol.asyncDispose]();
    await this.root[Symbol.asyncDispose]();
  }
}

async function addSlice(deployment: Deployment, uid: number, trustDomain: string): Promise<Slice> {
  const path = `/${randomName()}`;
  await deployment.createEntry(path, [`unix:uid:${uid}`]);
  return { deployment, uid, spiffeId: `spiffe://${trustDomain}${path}`, address: `127.0.0.1:${await freePort()}` };
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
