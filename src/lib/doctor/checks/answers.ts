import { healthClient } from '../../client/health-client.ts';
import { RpcClient } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../../wire/gen/grpc/health/v1/health.ts';
import type { Check } from '../check.ts';
import type { Daemon } from '../patient.ts';

/** Whether what listens on the socket speaks gRPC and calls itself healthy. */
export const answers: Check<Daemon> = {
  name: 'health',
  async look({ kind, socketPath, surroundings }) {
    const { signal, timeoutMs, clock } = surroundings;
    await using rpc = new RpcClient({ kind: 'unix', path: socketPath }, { connectTimeoutMs: timeoutMs, clock });
    try {
      const { status } = await healthClient(rpc).check({ service: '' }, { signal, timeoutMs });
      if (status === ServingStatus.SERVING) return [];
      return [
        {
          code: 'SPK-4010',
          severity: 'error',
          subject: socketPath,
          message: `the ${kind} says that it is not healthy`,
          evidence: [`grpc.health.v1.Health/Check: ${nameOf(status)}`],
          remedy:
            kind === 'agent'
              ? "read the agent's log; it has no SVID of its own, or none that still holds"
              : "read the server's log; its datastore does not answer, or it has no CA that signs",
        },
      ];
    } catch (error) {
      const { code, message } = SpirekitError.from(error);
      if (code === 'deadline-exceeded') {
        return [
          {
            code: 'SPK-4011',
            severity: 'error',
            subject: socketPath,
            message: `the ${kind} takes connections and does not answer within ${timeoutMs} ms`,
            remedy: "look at the load of the machine and at the program's log; wait longer with `--timeout 30s`",
          },
        ];
      }
      if (isUnreachable(message)) return { skipped: 'nobody answers on the socket' };
      return [
        {
          code: 'SPK-4005',
          severity: 'error',
          subject: socketPath,
          message: `what listens there does not answer as a ${kind} does`,
          evidence: [message],
          remedy: `name the socket of the ${kind} by \`--socket-path\`; something else listens on this one`,
        },
      ];
    }
  },
};

function isUnreachable(message: string): boolean {
  return /dial unix .*(connection refused|no such file or directory|permission denied|wrong type|non-socket|name too long|invalid argument)/.test(
    message,
  );
}

function nameOf(status: ServingStatus): string {
  return Object.entries(ServingStatus).find(([, value]) => value === status)?.[0] ?? String(status);
}
