import { readdir, readFile, statfs } from 'node:fs/promises';
import type { Finding } from '../../findings/finding.ts';
import type { Check } from '../check.ts';
import { memory } from '../memory-limit.ts';
import { parseOpenFileLimit } from '../open-file-limit.ts';
import type { Daemon } from '../patient.ts';

/** Shares of what there is. */
const MUCH = 0.8;
const LITTLE_SPACE = 0.03;
const LITTLE_SPACE_BYTES = 64 * 1024 * 1024;
const LITTLE_INODES = 0.01;

/** How near a daemon is to what the system lets it have: open files, disk, memory. */
export const limits: Check<Daemon> = {
  name: 'limits',
  async look(patient) {
    const found = await Promise.all([openFiles(patient), disk(patient), memory(patient)]);
    const isBlind = patient.process === undefined && patient.dataDir === undefined;
    return isBlind ? { skipped: 'neither the process nor its data folder is known' } : found.flat();
  },
};

async function openFiles({ process, kind }: Daemon): Promise<Finding[]> {
  if (process === undefined) return [];
  const [text, open] = await Promise.all([
    readFile(`/proc/${process.pid}/limits`, 'utf8').catch(() => ''),
    readdir(`/proc/${process.pid}/fd`).catch(() => undefined),
  ]);
  const limit = parseOpenFileLimit(text);
  if (limit === undefined || open === undefined || open.length < limit * MUCH) return [];
  return [
    {
      code: 'SPK-4100',
      severity: 'error',
      subject: `process ${process.pid}`,
      message: `the ${kind} has ${open.length} of ${limit} files open; callers beyond are turned away`,
      remedy: `raise LimitNOFILE of its unit, or \`ulimit -n\` before it; now: \`prlimit --pid ${process.pid} --nofile=65536\``,
    },
  ];
}

async function disk({ dataDir, kind }: Daemon): Promise<Finding[]> {
  const status = dataDir === undefined ? undefined : await statfs(dataDir).catch(() => undefined);
  if (status === undefined || dataDir === undefined) return [];
  const freeBytes = status.bavail * status.bsize;
  const isTight = status.bavail < status.blocks * LITTLE_SPACE && freeBytes < LITTLE_SPACE_BYTES;
  const isOutOfInodes = status.files > 0 && status.ffree < status.files * LITTLE_INODES;
  if (!isTight && !isOutOfInodes) return [];
  return [
    {
      code: 'SPK-4101',
      severity: status.bavail === 0 || status.ffree === 0 ? 'error' : 'warning',
      subject: dataDir,
      message: `the file system of the data folder is ${isTight ? 'nearly full' : 'nearly out of inodes'}`,
      evidence: [`${Math.floor(freeBytes / 1024)} KiB free`, `${status.ffree} of ${status.files} inodes free`],
      remedy: `make room (\`df -h ${dataDir}\`, \`df -i ${dataDir}\`); without it the ${kind} keeps no new key, SVID or entry`,
    },
  ];
}
