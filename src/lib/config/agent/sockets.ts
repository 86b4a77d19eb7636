import { dirname } from 'node:path';
import type { ConfigReport } from '../config-report.ts';
import type { AgentConfig } from './agent-config.ts';
import type { RawAgent } from './agent-schema.ts';

/** Resolves the agent's sockets; the private one may not be where everyone can reach it. */
export function resolveSockets(
  agent: RawAgent,
  report: ConfigReport,
): Pick<AgentConfig, 'socketPath' | 'adminSocketPath' | 'disableWorkloadApi' | 'disableSdsApi'> {
  const isServed = !agent.disable_workload_api || !agent.disable_sds_api;
  const socketPath = isServed ? report.resolvePath(agent.socket_path) : undefined;
  const adminPath = agent.admin_socket_path;
  return {
    disableWorkloadApi: agent.disable_workload_api,
    disableSdsApi: agent.disable_sds_api,
    socketPath,
    adminSocketPath:
      adminPath === ''
        ? undefined
        : resolvePrivateSocket({ path: adminPath, name: 'admin', key: ['admin_socket_path'] }, socketPath, report),
  };
}

/**
 * Makes the path of a private socket absolute.
 *
 * @throws {ConfigError} code `invalid-config` if it is in the folder of the public socket or below
 */
export function resolvePrivateSocket(
  socket: { readonly path: string; readonly name: string; readonly key: readonly string[] },
  publicPath: string | undefined,
  report: ConfigReport,
): string {
  const path = report.resolvePath(socket.path);
  if (publicPath !== undefined && path.startsWith(`${dirname(publicPath)}/`)) {
    const place = 'the same directory or a subdirectory as that containing the Workload API socket';
    report.fail(`${socket.name} socket cannot be in ${place}`, ['agent', ...socket.key]);
  }
  return path;
}
