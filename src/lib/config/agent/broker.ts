import { goQuote } from '../../runtime/go-quote.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { ConfigReport } from '../config-report.ts';
import { findHostFault } from '../section/host.ts';
import type { BrokerConfig } from './agent-config.ts';
import type { RawBroker } from './agent-schema.ts';
import { resolvePrivateSocket } from './sockets.ts';

const NAME = 'experimental.broker';
const PATH = ['agent', 'experimental', 'broker'];

/** Resolves the endpoint that brokers use to get SVIDs for others. */
export async function resolveBroker(
  raw: RawBroker,
  publicPath: string | undefined,
  report: ConfigReport,
): Promise<BrokerConfig> {
  if (raw.socket_path === '' && raw.bind_address === '') {
    report.fail(`${NAME} requires socket_path, bind_address, or both`, PATH);
  }
  const socket = { path: raw.socket_path, name: 'broker', key: ['experimental', 'broker', 'socket_path'] };
  const socketPath = raw.socket_path === '' ? undefined : resolvePrivateSocket(socket, publicPath, report);
  if (raw.bind_address !== '') await checkBindAddress(raw.bind_address, report);
  const path = [...PATH, 'brokers'];
  const seen = new Set<string>();
  for (const [index, { id }] of raw.brokers.entries()) {
    if (id === '') report.fail(`${NAME}.brokers[${index}].id: must be specified`, path);
    if (seen.has(id)) report.fail(`${NAME}.brokers[${id}].id: duplicate broker id`, path);
    seen.add(id);
  }
  return {
    socketPath,
    bindAddress: raw.bind_address === '' ? undefined : raw.bind_address,
    brokers: raw.brokers.map((broker) => ({
      id: report.attempt(
        () => SpiffeId.parse(broker.id),
        (reason) => `${NAME}.brokers[${broker.id}].id: ${reason}`,
        path,
      ),
      allowedReferenceTypes: resolveReferenceTypes(broker, report),
    })),
  };
}

async function checkBindAddress(address: string, report: ConfigReport): Promise<void> {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:([0-9]{1,5})$/.exec(address) ?? [];
  const portFault = Number(port) > 65535 ? `address ${port}: invalid port` : undefined;
  const formFault = port === '' ? `address ${address}: missing port in address` : undefined;
  const fault = formFault ?? portFault ?? (host === '' ? undefined : await findHostFault(host));
  if (fault === undefined) return;
  report.fail(`invalid ${NAME}.bind_address ${goQuote(address)}: ${fault}`, [...PATH, 'bind_address']);
}

function resolveReferenceTypes(broker: RawBroker['brokers'][number], report: ConfigReport) {
  const name = `${NAME}.brokers[${broker.id}].allowed_reference_types`;
  const types = broker.allowed_reference_types;
  const path = [...PATH, 'brokers'];
  if (types.length === 0) report.fail(`${name}: must list at least one reference type URL`, path);
  return types.map(({ type_url: typeUrl, allow_over_tcp: allowOverTcp }, index) => {
    if (typeUrl === '') report.fail(`${name}[${index}].type_url: must be specified`, path);
    if (typeUrl === '*' && types.length > 1) {
      report.fail(`${name}: wildcard "*" must be the only allowed reference type`, path);
    }
    return { typeUrl, allowOverTcp };
  });
}
