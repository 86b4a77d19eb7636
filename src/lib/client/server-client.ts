import { RpcClient, type RpcClientOptions, type RpcTarget } from '../rpc/client.ts';
import { type AgentClient, agentClient } from './agent-client.ts';
import { type BundleClient, bundleClient } from './bundle-client.ts';
import { type DebugClient, debugClient } from './debug-client.ts';
import { type EntryClient, entryClient } from './entry-client.ts';
import { type HealthClient, healthClient } from './health-client.ts';
import { type LocalAuthorityClient, localAuthorityClient } from './local-authority-client.ts';
import { type LoggerClient, loggerClient } from './logger-client.ts';
import { type SvidClient, svidClient } from './svid-client.ts';
import { type TrustDomainClient, trustDomainClient } from './trust-domain-client.ts';

/**
 * Every service of a SPIRE server on one connection; closing it closes the connection. Commands that need one service
 * take its own file (`entry-client.ts`, ...) instead, which loads less.
 */
export class ServerClient implements AsyncDisposable {
  readonly rpc: RpcClient;
  readonly agent: AgentClient;
  readonly bundle: BundleClient;
  readonly debug: DebugClient;
  readonly entry: EntryClient;
  readonly health: HealthClient;
  readonly localAuthority: LocalAuthorityClient;
  readonly logger: LoggerClient;
  readonly svid: SvidClient;
  readonly trustDomain: TrustDomainClient;

  constructor(target: RpcTarget, options?: RpcClientOptions) {
    this.rpc = new RpcClient(target, options);
    this.agent = agentClient(this.rpc);
    this.bundle = bundleClient(this.rpc);
    this.debug = debugClient(this.rpc);
    this.entry = entryClient(this.rpc);
    this.health = healthClient(this.rpc);
    this.localAuthority = localAuthorityClient(this.rpc);
    this.logger = loggerClient(this.rpc);
    this.svid = svidClient(this.rpc);
    this.trustDomain = trustDomainClient(this.rpc);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rpc.close();
  }
}
