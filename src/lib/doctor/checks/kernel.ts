import type { Check } from '../check.ts';
import type { MachinePatient } from '../patient.ts';

/** SO_PEERPIDFD came with Linux 6.5. */
const PIDFD_OF_PEERS = [6, 5] as const;

/** What the kernel can do for workload attestation. */
export const kernel: Check<MachinePatient> = {
  name: 'kernel',
  async look({ kernelRelease }) {
    const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(kernelRelease) ?? [];
    if (major === undefined || minor === undefined) return { skipped: 'the kernel does not say its version' };
    const [wantedMajor, wantedMinor] = PIDFD_OF_PEERS;
    if (Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor)) return [];
    return [
      {
        code: 'SPK-4041',
        severity: 'info',
        subject: `Linux ${kernelRelease}`,
        message: 'the kernel does not tie a caller of a socket to its process (SO_PEERPIDFD, since 6.5)',
        remedy:
          'the agent compares start times instead, which is enough unless pids are used again within a clock tick',
      },
    ];
  },
};
