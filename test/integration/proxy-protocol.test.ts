import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { callRaw, isDenied } from '../support/authorization/raw-call.ts';
import { Deployment } from '../support/deployment.ts';
import { HeaderProxy } from '../support/header-proxy.ts';

const COUNT = '/spire.api.server.entry.v1.Entry/CountEntries';
const ATTEST = '/spire.api.server.agent.v1.Agent/AttestAgent';

describe('a server behind proxies', () => {
  it('F33: logs and limits clients by the address that a trusted proxy names', { timeout: 60_000 }, async () => {
    await using deployment = await Deployment.open({
      serverSettings: 'proxy_protocol_trusted_cidrs = ["127.0.0.0/8"]',
    });
    expect(deployment.log('server')).toMatch(
      /PROXY protocol enabled on TCP listener.*trusted_cidrs="\[127\.0\.0\.0\/8\]"/,
    );
    await using clients = new AsyncDisposableStack();
    const clientFrom = async (address: string): Promise<RpcClient> => {
      const header = `PROXY TCP4 ${address} 192.0.2.1 4711 8081\r\n`;
      const { port } = clients.use(await HeaderProxy.open(deployment.port, header));
      return clients.use(new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } }));
    };
    const one = await clientFrom('192.0.2.7');
    expect(isDenied(await callRaw(one, COUNT), COUNT)).toBe(true);
    expect(deployment.log('server')).toContain('caller_addr="192.0.2.7:4711"');
    // One attestation a second and address. Who cannot have its turn before its deadline is refused at once.
    const crowd = await Promise.all(Array.from({ length: 20 }, () => callRaw(one, ATTEST, { timeoutMs: 500 })));
    expect(crowd.map(({ code }) => code)).toContain('ResourceExhausted');
    for (let host = 10; host < 20; host += 1) {
      expect(await callRaw(await clientFrom(`192.0.2.${host}`), ATTEST)).toMatchObject({ code: 'InvalidArgument' });
    }
  });
});
