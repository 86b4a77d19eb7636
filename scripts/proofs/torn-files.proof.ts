import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PushingWorkloadApi } from '../../test/unit/workloadapi/pushing-workload-api.ts';
import { type Proof, SHORT, verdict } from './proof.ts';
import { ReaderProcess } from './torn-files/reader-process.ts';
import { fetchAndWrite, Watch } from './torn-files/refetching.ts';
import type { Sighting } from './torn-files/sighting.ts';
import { issueWrittenIdentity, WRITTEN_FILES, type WrittenFile, type WrittenIdentity } from './written-identity.ts';

const ROTATIONS = 1000;
const SHORT_ROTATIONS = 50;

/** Bundles have one root to so many. */
const MOST_ROOTS = 5;

const FILES = Object.keys(WRITTEN_FILES) as WrittenFile[];

export const proof: Proof = {
  shows: `${ROTATIONS} rotations written by api fetch x509 at each update of api watch, read all the time: no torn file, no wider mode`,
  hasShortForm: true,
  async run(args) {
    const rotations = args.includes(SHORT) ? SHORT_ROTATIONS : ROTATIONS;
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-torn-'));
    try {
      const { issued, sighting } = await rotate(rotations, folder);
      const unknown = FILES.flatMap((name) => sighting.digests[name].filter((digest) => !issued[name].has(digest)));
      const left = readdirSync(folder).filter((name) => !Object.hasOwn(WRITTEN_FILES, name));
      for (const problem of sighting.problems) console.log(`FAILED: ${problem}`);
      for (const name of left) console.log(`FAILED: ${name} was left`);
      const seen = sighting.digests['svid.0.pem'].length;
      console.log(`${sighting.looks} looks saw ${seen} of the ${rotations + 1} versions`);
      const holds = sighting.problems.length + unknown.length + left.length === 0 && sighting.looks > rotations;
      return verdict(
        holds,
        `${rotations} rotations, ${sighting.looks} looks: ${sighting.problems.length} torn or too wide, ` +
          `${unknown.length} contents never issued, ${left.length} files left over; ` +
          `key and certificate did not belong together at ${sighting.unpairedLooks} looks, in ${sighting.unpairedRotations} rotations`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Issues and writes one version after the other while the reader looks. */
async function rotate(
  rotations: number,
  folder: string,
): Promise<{ issued: Record<WrittenFile, Set<string>>; sighting: Sighting }> {
  const issued: Record<WrittenFile, Set<string>> = {
    'svid.0.pem': new Set(),
    'svid.0.key': new Set(),
    'bundle.0.pem': new Set(),
  };
  const issueNext = async (rotation: number): Promise<WrittenIdentity> => {
    const identity = await issueWrittenIdentity(rotation % MOST_ROOTS);
    for (const name of FILES) issued[name].add(createHash('sha256').update(identity.files[name]).digest('hex'));
    return identity;
  };
  const first = await issueNext(0);
  await using api = await PushingWorkloadApi.open(first.response);
  await fetchAndWrite(0, api.path, folder);
  await using watch = new Watch(api.path);
  await watch.shown(1);
  using reader = await ReaderProcess.start(folder);
  for (let rotation = 1; rotation <= rotations; rotation += 1) {
    const identity = await issueNext(rotation);
    api.push(identity.response);
    await watch.shown(rotation + 1);
    await fetchAndWrite(rotation, api.path, folder);
    checkWritten(identity, folder);
    if (rotation % 100 === 0) console.log(`${rotation} rotations`);
  }
  return { issued, sighting: await reader.end() };
}

/** When the client has ended, everything is in place. */
function checkWritten({ files }: WrittenIdentity, folder: string): void {
  for (const name of FILES) {
    if (readFileSync(join(folder, name), 'utf8') !== files[name]) throw new Error(`${name} is not what was issued`);
  }
}
