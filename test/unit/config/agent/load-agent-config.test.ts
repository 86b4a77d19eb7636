import { describe, expect, it } from 'vitest';
import { agentFile, ConfigFolder, loadAgentText } from '../../../support/config-files.ts';

const load = (keys?: string, rest?: string) => loadAgentText(agentFile(keys, rest));
const insecure = (keys: string): string => `insecure_bootstrap = true\n${keys}`;

describe("an agent's configuration", () => {
  it('has defaults for everything but the server, the trust domain and the first trust bundle', async () => {
    expect(await load()).toMatchObject({
      trustDomain: { name: 'example.org' },
      serverAddress: 'localhost',
      serverPort: 8081,
      dataDir: '.',
      socketPath: '/tmp/spire-agent/public/api.sock',
      adminSocketPath: undefined,
      logLevel: 'info',
      trustBundle: { kind: 'insecure' },
      trustBundleFormat: 'pem',
      insecureBootstrap: true,
      joinToken: undefined,
      rebootstrapMode: 'never',
      rebootstrapDelaySeconds: 600,
      workloadX509SvidKeyType: 'ec-p256',
      availabilityTargetSeconds: undefined,
      x509SvidCacheMaxSize: 0,
      authorizedDelegates: [],
      allowUnauthenticatedVerifiers: false,
      sds: { defaultSvidName: 'default', defaultBundleName: 'ROOTCA', defaultAllBundlesName: 'ALL' },
      experimental: { syncIntervalSeconds: 5, useSyncAuthorizedEntries: true, rateLimit: { fetchX509Svid: 0 } },
      notices: [],
      notYetEffective: [],
    });
  });

  it('takes flags before the file; a flag that says false takes nothing back', async () => {
    await using folder = await ConfigFolder.open({ 'agent.conf': agentFile() });
    const config = await folder.loadAgent({ serverPort: 1, insecureBootstrap: false, dataDir: 'd' });
    expect(config).toMatchObject({ serverPort: 1, insecureBootstrap: true, dataDir: 'd' });
  });

  it.each([
    ['trust_bundle_path = "b.pem"', { kind: 'file', path: 'b.pem' }],
    ['trust_bundle_url = "https://x/b"', { kind: 'url', url: 'https://x/b', unixSocket: undefined }],
    [
      'trust_bundle_url = "http://x/b?a=1"\ntrust_bundle_unix_socket = "/s"',
      { kind: 'url', url: 'http://x/b?a=1', unixSocket: '/s' },
    ],
    ['trust_bundle_spiffe_workload_api = "unix:///s"', { kind: 'workload-api', address: 'unix:///s' }],
    ['trust_bundle_spiffe_workload_api = "tcp://127.0.0.1:1"', { kind: 'workload-api', address: 'tcp://127.0.0.1:1' }],
  ])('takes the first trust bundle from %j', async (keys, trustBundle) => {
    expect(await load(keys)).toMatchObject({ trustBundle });
  });

  it('serves no public socket when nothing is served on it', async () => {
    expect(await load(insecure('disable_workload_api = true\ndisable_sds_api = true'))).toMatchObject({
      socketPath: undefined,
    });
  });

  it('reads a join token from its file, without white space around it', async () => {
    await using folder = await ConfigFolder.open({
      'agent.conf': agentFile(insecure('join_token_file = "t"')),
      t: ' x\n',
    });
    expect(await folder.loadAgent()).toMatchObject({ joinToken: 'x' });
    await folder.write('t', '\n');
    await expect(folder.loadAgent()).rejects.toThrow('join token file is empty');
  });

  it('never shows a join token in an error', async () => {
    const token = 'c0ffee00-secret';
    for (const keys of [
      `join_token = "${token}"\nlog_level = "x"`,
      `join_token = "${token}`,
      `join_token = ["${token}"]`,
      `join_token = "${token}" join_token_file = "x"`,
      `x = [1 "${token}"]`,
    ]) {
      const error: unknown = await load(insecure(keys)).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'invalid-config', message: expect.not.stringContaining(token) });
    }
  });

  it('reads brokers', async () => {
    const config = await load(
      insecure(
        'experimental { broker { socket_path = "b.sock" brokers = [{ id = "spiffe://a.org/b" ' +
          'allowed_reference_types = [{ type_url = "x" allow_over_tcp = true }] }] } }',
      ),
    );
    expect(config.experimental.broker?.brokers).toMatchObject([
      { allowedReferenceTypes: [{ typeUrl: 'x', allowOverTcp: true }] },
    ]);
    expect(config.notYetEffective).toEqual(['agent.experimental.broker']);
  });

  it.each([
    ['', /must be configured unless insecure_bootstrap is set$/],
    [
      insecure('trust_bundle_path = "x"'),
      'only one of insecure_bootstrap or trust_bundle_path can be specified, not both',
    ],
    ['trust_bundle_path = "x"\ntrust_bundle_url = "https://x"', /^only one of trust_bundle_url or trust_bundle_path/],
    ['trust_bundle_url = "http://x"', 'trust bundle URL must start with https://'],
    ['trust_bundle_url = "https://x:a"', /^unable to parse trust bundle URL/],
    ['trust_bundle_url = "http://x/?spire-a=1"\ntrust_bundle_unix_socket = "s"', /can not start with spire-$/],
    [insecure('trust_bundle_unix_socket = "s"'), /so must be trust_bundle_url$/],
    [insecure('trust_bundle_format = "der"'), 'invalid value for trust_bundle_format, expected "pem" or "spiffe"'],
    ['trust_bundle_spiffe_workload_api = "http://x"', /must have a "tcp" or "unix" scheme$/],
    ['trust_bundle_spiffe_workload_api = "unix:x"', /unix socket URI must not be opaque$/],
    ['trust_bundle_spiffe_workload_api = "unix://"', /must include a path$/],
    ['trust_bundle_spiffe_workload_api = "unix:///s?a"', /must not include query values$/],
    ['trust_bundle_spiffe_workload_api = "tcp://name:1"', /must be an IP:port$/],
    ['trust_bundle_spiffe_workload_api = "tcp://127.0.0.1"', /must include a port$/],
    ['trust_bundle_spiffe_workload_api = "tcp://u@127.0.0.1:1"', /must not include user info$/],
    [insecure('rebootstrap_mode = "x"'), 'unknown rebootstrap mode specified: x'],
    [insecure('rebootstrap_mode = "auto"'), 'insecure_bootstrap option can not be used with rebootstrapping'],
    [insecure('rebootstrap_delay = "x"'), /^error parsing rebootstrap delay duration/],
    [insecure('workload_x509_svid_key_type = "rsa-4096"'), /must be one of \[rsa-2048, ec-p256, ec-p384\]$/],
    [insecure('x509_svid_cache_max_size = -1'), 'x509_svid_cache_max_size should not be negative'],
    [insecure('availability_target = "1h"'), 'availability_target must be at least 24h0m0s'],
    [insecure('authorized_delegates = ["spiffe://far.org/a"]'), /is not a member of trust domain "example.org"$/],
    [
      insecure('socket_path = "/a/b/s"\nadmin_socket_path = "/a/b/c/d"'),
      /^admin socket cannot be in the same directory/,
    ],
    [insecure('sds { default_svid_name = 1.5 }'), /root\.agent\.sds\.default_svid_name: unknown type for string/],
    [insecure('experimental { jwt_svid_cache_hit_timeout = "1s" }'), /\(1s\) must be greater than 5s$/],
    [insecure('experimental { jwt_svid_cache_hit_timeout = "30s" }'), /\(30s\) must be less than 30s$/],
    [insecure('experimental { ratelimit { fetch_jwt_svid = -1 } }'), /fetch_jwt_svid must not be negative$/],
    [insecure('experimental { broker {} }'), 'experimental.broker requires socket_path, bind_address, or both'],
    [insecure('experimental { broker { bind_address = "x" } }'), /missing port in address$/],
    [insecure('experimental { admin_named_pipe_name = "x" }'), /admin_named_pipe_name is not supported/],
    [insecure('join_token = "a"\njoin_token_file = "b"'), /^only one of join_token or join_token_file/],
    [insecure('pid_file = "x"'), 'unknown configuration detected'],
  ])('refuses %j', async (keys, message) => {
    await expect(load(keys)).rejects.toMatchObject({
      code: 'invalid-config',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it.each([
    ['', 'plugins section must be configured'],
    ['plugins {}', 'server_address must be configured'],
    ['agent { server_address = "a" }\nplugins {}', 'server_port must be configured'],
    ['agent { server_address = "a" server_port = 1 }\nplugins {}', 'trust_domain must be configured'],
  ])('refuses the file %j', async (text, message) => {
    await expect(loadAgentText(text)).rejects.toThrow(message);
  });

  it('warns of SDS names that clash', async () => {
    expect(await load(insecure('sds { default_bundle_name = "ALL" }'))).toMatchObject({
      notices: [{ level: 'warning', message: expect.stringContaining('"default_all_bundles_name" will be ignored') }],
      notYetEffective: ['agent.sds'],
    });
  });
});

describe("an agent's configuration of 2019", () => {
  const sample = `
agent {
    trust_domain = "example.org"
    trust_bundle_path = "/opt/spire/conf/initial_bundle.crt"
    data_dir = "/opt/spire/.data"
    log_level = "DEBUG"
    server_address = "spire-server"
    server_port = "8081"
    socket_path ="/tmp/agent.sock"
}
plugins {
    NodeAttestor "join_token" {
        plugin_data {
        }
    }
    KeyManager "disk" {
        plugin_data {
            directory = "/opt/spire/.data"
        }
    }
    WorkloadAttestor "k8s" {
        plugin_cmd = "/opt/spire/k8s"
        plugin_checksum = "abcd"
        enabled = false
        plugin_data {
            kubelet_read_only_port = "10255"
        }
    }
}
`;

  it('is read as it stands', async () => {
    expect(await loadAgentText(sample)).toMatchObject({
      serverPort: 8081,
      logLevel: 'debug',
      socketPath: '/tmp/agent.sock',
      trustBundle: { kind: 'file', path: '/opt/spire/conf/initial_bundle.crt' },
      plugins: [
        { type: 'NodeAttestor', name: 'join_token', isEnabled: true, data: { kind: 'none' } },
        { type: 'KeyManager', name: 'disk', data: { kind: 'fixed', hcl: 'directory = "/opt/spire/.data"\n' } },
        { type: 'WorkloadAttestor', name: 'k8s', isEnabled: false, cmd: '/opt/spire/k8s', checksum: 'abcd' },
      ],
      hints: [],
    });
  });

  it('gets an explanation for plugins that have another name now', async () => {
    const text = sample.replace('join_token', 'x509_pop');
    expect((await loadAgentText(text)).hints).toEqual([
      'There is no NodeAttestor "x509_pop" any more: it is called "x509pop" now.',
    ]);
    expect((await loadAgentText(sample.replace('join_token', 'k8s_sat'))).hints).toEqual([
      expect.stringContaining('"k8s_psat"'),
    ]);
  });
});
