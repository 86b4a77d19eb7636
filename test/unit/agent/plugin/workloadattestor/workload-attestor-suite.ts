import { describe, expect, test } from 'vitest';
import type { WorkloadAttestor } from '../../../../../src/lib/agent/plugin/workloadattestor/workload-attestor.ts';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { checkSelector } from '../../../../../src/lib/spiffe/selector.ts';
import { rejection } from '../../support.ts';

/** What every workload attestor does. */
export function describeWorkloadAttestor(name: string, open: () => WorkloadAttestor): void {
  describe(`the workload attestor ${name}, as any`, () => {
    test('has the name by which the configuration calls it', () => {
      expect(open().name).toBe(name);
    });

    test('describes a process by selectors of its own type that entries can have', async () => {
      const selectors = await open().attest(process.pid);
      for (const selector of selectors) {
        expect(selector.type).toBe(name);
        checkSelector(selector);
      }
    });

    test('says the same of a process each time', async () => {
      const attestor = open();
      expect(await attestor.attest(process.pid)).toEqual(await attestor.attest(process.pid));
    });

    test.each([0, -1, 1.5, Number.NaN])('fails for process id %s, which is none', async (pid) => {
      await expect(open().attest(pid)).rejects.toMatchObject({ code: 'internal' });
    });

    test('gives up when it is told to', async () => {
      const error = await rejection(open().attest(process.pid, { signal: AbortSignal.abort() }));
      expect(SpirekitError.from(error).code).toBe('canceled');
    });
  });
}
