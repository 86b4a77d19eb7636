import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { makeNodeCertificate, type NodeCertificate } from '../support/node-certificate.ts';
import { findRealSpire, ours } from '../support/programs.ts';

const TEMPLATES = [
  '/{{ .PluginName }}/{{ .Fingerprint }}/{{ .SerialNumberHex }}',
  '/{{ range .DNSNames }}{{ . | replace "." "-" | upper }}_{{ end }}{{ len .URIs }}',
  '/{{ .Subject.CommonName | lower }}/{{ index .Subject.OrganizationalUnit 1 }}/{{ .Subject | toString | sha256sum }}',
  '/{{ .URISanSelectors.rack }}/{{ .NotAfter.Year }}/{{ if .IsCA }}ca{{ else }}leaf{{ end }}',
] as const;

const NAMES = {
  dnsNames: ['n7.example.org', 'b.example.org'],
  uris: ['x509pop://example.org/rack/r7', 'x509pop://example.org/zone/eu/1', 'x509pop://example.org/broken'],
};

/** The ID and the selectors that a server gives the agent of a node. */
async function agentAt(server: string, node: NodeCertificate): Promise<string[]> {
  await using deployment = await Deployment.open({
    daemons: { server, agent: ours.agent },
    serverPlugins: node.serverPlugin,
    agentNodeAttestor: node.agentPlugin,
  });
  await deployment.writeBootstrapBundle();
  deployment.launchAgent();
  await deployment.agentListens();
  const listed = await deployment.server('agent', 'list');
  const id = /SPIFFE ID\s*: (\S+)/.exec(listed.stdout)?.[1] ?? '';
  const shown = await deployment.server('agent', 'show', '-spiffeID', id);
  return [id, ...shown.stdout.split('\n').filter((line) => line.startsWith('Selectors'))];
}

describe('an agent with x509pop at our server and at a real one', () => {
  it.for(TEMPLATES)(
    'has the same ID and selectors by the template %s',
    { timeout: 120_000 },
    async (template, { skip }) => {
      const real = findRealSpire();
      if (real === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
      const folder = mkdtempSync(join(tmpdir(), 'spirekit-node-'));
      try {
        const settings = `agent_path_template = ${JSON.stringify(template)}`;
        const node = await makeNodeCertificate(folder, 'Node-7.Example', { names: NAMES, settings });
        const [atReal, atOurs] = [await agentAt(real.server, node), await agentAt(ours.server, node)];
        expect(atReal.length).toBeGreaterThan(4);
        expect(atOurs).toEqual(atReal);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
