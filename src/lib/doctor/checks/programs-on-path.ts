import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, join, sep } from 'node:path';
import type { Finding } from '../../findings/finding.ts';
import type { Check } from '../check.ts';
import type { MachinePatient } from '../patient.ts';

/** More folders than any PATH has in earnest. */
const MOST_FOLDERS = 200;

/** Whether real SPIRE's programs and ours hide each other on the PATH. */
export const programsOnPath: Check<MachinePatient> = {
  name: 'programs on the PATH',
  async look({ surroundings: { env }, ownPrograms }) {
    const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    const own = await realpath(ownPrograms).catch(() => ownPrograms);
    const found = await Promise.all(
      ['spire-agent', 'spire-server'].map((name) => hidden(name, folders.slice(0, MOST_FOLDERS), own)),
    );
    return found.flat();
  },
};

async function hidden(name: string, folders: readonly string[], own: string): Promise<Finding[]> {
  const places = new Map<string, string>();
  for (const folder of folders) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    const real = isThere ? await realpath(path).catch(() => path) : undefined;
    if (real !== undefined && !places.has(real)) places.set(real, path);
  }
  const all = [...places].map(([real, path]) => ({ path, isOurs: real.startsWith(`${own}${sep}`) }));
  const [first] = all;
  if (first === undefined || !all.some(({ isOurs }) => isOurs !== first.isOurs)) return [];
  return [
    {
      code: 'SPK-4113',
      severity: 'info',
      subject: name,
      message: first.isOurs ? "spirekit's hides another on the PATH" : "another hides spirekit's on the PATH",
      evidence: all.map(({ path, isOurs }) => `${path}: ${isOurs ? 'spirekit' : 'another'}`),
      remedy: `\`command -v ${name}\` tells which one is meant; \`spirekit\` itself is never hidden by SPIRE`,
    },
  ];
}
