import { DEFAULT_AGENT_ADMIN_SOCKET, DEFAULT_AGENT_SOCKET, DEFAULT_SERVER_SOCKET } from '../sockets.ts';
import type { Place, SocketKind } from './place.ts';

/** SPIRE's defaults, then where its packages, its charts, its examples and older versions put the sockets. */
const PATHS: Readonly<Record<SocketKind, readonly [usual: string, ...others: string[]]>> = {
  agent: [
    DEFAULT_AGENT_SOCKET,
    '/run/spire-agent/public/api.sock',
    '/run/spire/agent/sockets/main/public/api.sock',
    '/run/spire/agent/public/api.sock',
    '/run/spire/agent-sockets/spire-agent.sock',
    '/run/spire/agent-sockets/api.sock',
    '/run/spire/sockets/agent.sock',
    '/run/spire/sockets/api.sock',
    '/spiffe-workload-api/spire-agent.sock',
    '/tmp/agent.sock',
  ],
  'agent-admin': [
    DEFAULT_AGENT_ADMIN_SOCKET,
    '/run/spire-agent/private/admin.sock',
    '/run/spire/agent/sockets/main/private/admin.sock',
    '/run/spire/agent/private/admin.sock',
    '/run/spire/admin-sockets/admin.sock',
  ],
  server: [
    DEFAULT_SERVER_SOCKET,
    '/run/spire-server/private/api.sock',
    '/run/spire/server/sockets/main/private/api.sock',
    '/run/spire/server/private/api.sock',
    '/run/spire/sockets/registration.sock',
    '/tmp/spire-registration.sock',
  ],
};

/** The places that need nobody to name them. */
export function knownPlaces(kind: SocketKind): Place[] {
  const [usual, ...others] = PATHS[kind];
  return [
    { path: usual, source: "SPIRE's default", isVouchedFor: true },
    ...others.map((path) => ({ path, source: 'a usual place', isVouchedFor: false })),
  ];
}
