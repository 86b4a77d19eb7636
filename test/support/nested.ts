import type { Deployment } from './deployment.ts';

/** The plugin that nests a server under that of a deployment, with the agent there beside it. */
export function upstreamSpire(above: Pick<Deployment, 'port' | 'agentSocket'>): string {
  return `UpstreamAuthority "spire" {
    plugin_data {
      server_address = "127.0.0.1"
      server_port = "${above.port}"
      workload_api_socket = "${above.agentSocket}"
    }
  }`;
}
