import { describe, expect, it } from 'vitest';
import { ConfigFolder, loadServerText, serverFile } from '../../../support/config-files.ts';
import { pemFiles, TestAuthority } from '../../../support/https-endpoint.ts';

const load = (keys: string, rest?: string) => loadServerText(serverFile(keys, rest));
const warnings = async (keys: string): Promise<string[]> => (await load(keys)).notices.map(({ message }) => message);

describe("a server's configuration", () => {
  it('has defaults for everything but trust domain and data folder', async () => {
    const config = await load('');
    expect(config).toMatchObject({
      bindAddress: '0.0.0.0',
      bindPort: 8081,
      socketPath: '/tmp/spire-server/private/api.sock',
      dataDir: 'data',
      logLevel: 'info',
      logFormat: 'default',
      logFile: undefined,
      caKeyType: 'ec-p256',
      jwtKeyType: 'ec-p256',
      caTtlSeconds: 86400,
      caSubject: { country: ['US'], organization: ['SPIFFE'], commonName: '' },
      defaultX509SvidTtlSeconds: 3600,
      defaultJwtSvidTtlSeconds: 300,
      agentTtlSeconds: 3600,
      jwtIssuer: undefined,
      rateLimit: { attestation: true, signing: true },
      federation: { bundleEndpoint: undefined, federatesWith: [], allowPrivateRedirects: false },
      healthChecks: { listenerEnabled: false, bindAddress: 'localhost', bindPort: '80', livePath: '/live' },
      pruneAttestedNodesExpiredForSeconds: 0,
      experimental: { cacheReloadIntervalSeconds: 5, eventTimeoutSeconds: 900, witKeyType: 'ec-p256' },
      plugins: [],
      notices: [],
      hints: [],
      notYetEffective: [],
    });
    expect(config.trustDomain.name).toBe('example.org');
  });

  it('takes flags before the file and passes over empty ones', async () => {
    const text = serverFile('bind_port = 1\nlog_level = "warn"\nsocket_path = "from-file.sock"');
    await using folder = await ConfigFolder.open({ 'server.conf': text });
    const config = await folder.loadServer({
      serverPort: 2,
      logLevel: 'DEBUG',
      socketPath: '',
      trustDomain: 'flag.org',
    });
    expect(config).toMatchObject({ bindPort: 2, logLevel: 'debug', socketPath: `${folder.path}/from-file.sock` });
    expect(config.trustDomain.name).toBe('flag.org');
  });

  it('counts a port of 0 and empty words as absent', async () => {
    expect(await load('bind_port = 0\nbind_address = ""\nca_ttl = "0s"')).toMatchObject({
      bindPort: 8081,
      bindAddress: '0.0.0.0',
      caTtlSeconds: 86400,
    });
  });

  it('gives the CA key type to the other keys unless they have their own', async () => {
    expect(await load('ca_key_type = "RSA-2048"')).toMatchObject({
      jwtKeyType: 'rsa-2048',
      experimental: { witKeyType: 'rsa-2048' },
    });
    expect(await load('ca_key_type = "rsa-2048"\njwt_key_type = "ec-p384"')).toMatchObject({ jwtKeyType: 'ec-p384' });
  });

  it('gives agents the lifetime of workloads unless they have their own', async () => {
    expect(await load('default_x509_svid_ttl = "2h"')).toMatchObject({ agentTtlSeconds: 7200 });
    expect(await load('default_x509_svid_ttl = "2h"\nagent_ttl = "1m30s"')).toMatchObject({ agentTtlSeconds: 90 });
  });

  it('takes brackets off an IPv6 address', async () => {
    expect(await load('bind_address = "[::1]"')).toMatchObject({ bindAddress: '::1' });
  });

  it('takes the trust domain of a SPIFFE ID', async () => {
    const text = serverFile().replace('"example.org"', '"spiffe://other.org/x"');
    expect((await loadServerText(text)).trustDomain.name).toBe('other.org');
  });

  it('prunes nothing without an age', async () => {
    expect(await load('prune_tofu_nodes = true')).toMatchObject({ pruneNonReattestableNodes: false });
    expect(await load('prune_attested_nodes_expired_for = "1h"\nprune_tofu_nodes = true')).toMatchObject({
      pruneAttestedNodesExpiredForSeconds: 3600,
      pruneNonReattestableNodes: true,
    });
  });

  it('reads relationships with both profiles', async () => {
    const { federation } = await load(
      'federation { federates_with "a.org" { bundle_endpoint_url = "https://a/" bundle_endpoint_profile "https_web" {} } ' +
        'federates_with "b.org" { bundle_endpoint_url = "HTTPS://b/" bundle_endpoint_profile "https_spiffe" ' +
        '{ endpoint_spiffe_id = "spiffe://b.org/server" } } }',
    );
    expect(federation.federatesWith.map(({ trustDomain, profile }) => [trustDomain.name, profile.kind])).toEqual([
      ['a.org', 'https_web'],
      ['b.org', 'https_spiffe'],
    ]);
  });

  it('reads a bundle endpoint with certificates from files, which must be there', async () => {
    const files = 'serving_cert_file { cert_file_path = "c" key_file_path = "k" file_sync_interval = "0s" }';
    const text = serverFile(`federation { bundle_endpoint { port = 1 profile "https_web" { ${files} } } }`);
    await using folder = await ConfigFolder.open({ 'server.conf': text, c: '' });
    await expect(folder.loadServer()).rejects.toThrow('failed to load certificate: open k: no such file or directory');
    await folder.write('k', '');
    await expect(folder.loadServer()).rejects.toThrow('tls: failed to find any PEM data in certificate input');
    const web = await TestAuthority.make();
    const [one, other] = [await web.issue({}), await web.issue({})].map(pemFiles);
    await folder.write('c', one?.cert ?? '');
    await expect(folder.loadServer()).rejects.toThrow('tls: failed to find any PEM data in key input');
    await folder.write('k', other?.key ?? '');
    await expect(folder.loadServer()).rejects.toThrow('tls: private key does not match public key');
    await folder.write('k', one?.key ?? '');
    expect((await folder.loadServer()).federation.bundleEndpoint).toEqual({
      address: '',
      port: 1,
      refreshHintSeconds: 300,
      profile: { kind: 'https_web_files', certFile: 'c', keyFile: 'k', fileSyncIntervalSeconds: 3600 },
    });
  });

  it.each([
    ['x { a = 1 }', 'unknown configuration detected', 'top-level', 'x'],
    ['', 'unknown configuration detected', 'server', 'bar,foo'],
    ['health_checks { path = 1 }', 'unknown configuration detected', 'health check', 'path'],
    ['telemetry { Statsd = [{ port = 1 }] }', 'unknown configuration detected', 'Statsd', 'port'],
  ])('refuses unknown keys and says which: %j', async (rest, message, section, keys) => {
    const text = serverFile(section === 'server' ? 'foo = 1\nbar = 2' : '', `plugins {}\n${rest}`);
    await expect(loadServerText(text)).rejects.toMatchObject({
      code: 'invalid-config',
      message,
      notices: [{ level: 'error', message: 'Unknown configuration detected', fields: { section, keys } }],
      logSettings: { logLevel: 'info' },
    });
  });

  it('passes over unknown keys where SPIRE does, and where it is told to', async () => {
    await load('experimental { x = 1 }\nfederation { y = 1 }', 'plugins {}\ntelemetry { z = 1 }');
    await using folder = await ConfigFolder.open({ 'server.conf': serverFile('x = 1') });
    await folder.loadServer({}, { allowUnknownConfig: true });
  });

  it.each([
    ['bind_port = 70000', 'could not resolve bind address "0.0.0.0:70000": address 70000: invalid port', 4],
    ['bind_address = "0x7f.1"', 'could not resolve bind address "0x7f.1:8081": lookup 0x7f.1: no such host', 4],
    ['log_level = "chatty"', 'could not start logger: not a valid logrus Level: "chatty"', 4],
    ['log_format = "xml"', 'could not start logger: unknown logger format: "xml"', 4],
    ['log_file = "no/such/folder/log"', 'open no/such/folder/log: no such file or directory', 4],
    ['agent_ttl = "1x"', 'could not parse agent ttl "1x": time: unknown unit "x" in duration "1x"', 4],
    ['ca_ttl = "a day"', 'could not parse default CA ttl "a day": time: invalid duration "a day"', 4],
    ['admin_ids = ["nobody"]', 'could not parse admin ID "nobody": scheme is missing or invalid', 4],
    ['proxy_protocol_trusted_cidrs = ["1.2.3.4"]', /invalid CIDR address: 1\.2\.3\.4$/, 4],
    ['proxy_protocol_trusted_cidrs = ["::/129"]', /invalid CIDR address/, 4],
    ['ca_key_type = "p256"', /^error parsing ca_key_type: key type "p256" is unknown/, 4],
    ['experimental {\n event_timeout = "x" }', /^could not parse event timeout interval/, 5],
    ['experimental { feature_flags = ["b", "a"] }', /unknown feature flag\(s\): \[a b\]$/, 4],
    ['experimental { named_pipe_name = "p" }', /named_pipe_name is not supported/, 4],
    ['experimental { event_timeout = "1s" sql_transaction_timeout = "1s" }', /only set event_timeout$/, 4],
    ['federation { federates_with "f" { bundle_endpoint_url = "http://f" } }', /must use the HTTPS protocol/, 4],
    [
      'federation { federates_with "f" { bundle_endpoint_url = "https://u:p@f" } }',
      /not contain a user name or password$/,
      4,
    ],
    ['federation { federates_with "example.org" { bundle_endpoint_url = "https://f" } }', /own trust domain$/, 4],
    ['federation { federates_with "f" {} }', /bundle_endpoint_url must be configured$/, 4],
    ['federation { bundle_endpoint { acme { email = "x" } } }', /acme\.domain_name must be configured$/, 4],
  ])('refuses %j with its place', async (keys, message, line) => {
    await expect(load(keys)).rejects.toMatchObject({
      code: 'invalid-config',
      file: 'server.conf',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      position: { line },
    });
  });

  it.each([
    ['', 'trust_domain must be configured'],
    ['server { trust_domain = "a" }', 'data_dir must be configured'],
    ['server { trust_domain = "a" data_dir = "b" }', 'plugins section must be configured'],
    ['server { trust_domain = "A" data_dir = "b" }\nplugins {}', /^could not parse trust_domain "A"/],
    ['plugins = 1', 'trust_domain must be configured'],
    ['server = 1', /^unable to decode configuration at "server.conf": At 1:10: root\.server: not an object type/],
    ['server {', /^unable to decode configuration at "server.conf": At 1:9: /],
  ])('refuses the file %j', async (text, message) => {
    await expect(loadServerText(text)).rejects.toThrow(message);
  });

  it('refuses a file that is not there, is a folder, or is not UTF-8', async () => {
    await using folder = await ConfigFolder.open({ bad: Uint8Array.of(0x61, 0x0a, 0xff) });
    await expect(folder.loadServer({ config: 'absent' })).rejects.toThrow(
      `could not find config file ${folder.path}/absent: please use the -config flag`,
    );
    await expect(folder.loadServer({ config: '' })).rejects.toThrow(`${folder.path}/conf/server/server.conf`);
    await expect(folder.loadServer({ config: '.' })).rejects.toThrow(
      'unable to read configuration at ".": read .: is a directory',
    );
    await expect(folder.loadServer({ config: 'bad' })).rejects.toMatchObject({ position: { line: 2, column: 1 } });
  });

  it('expands variables only when told to', async () => {
    const text = serverFile().replace('example.org', `\${TD}`);
    await using folder = await ConfigFolder.open({ 'server.conf': text });
    const env = { TD: 'env.org' };
    expect((await folder.loadServer({ expandEnv: true }, { env })).trustDomain.name).toBe('env.org');
    await expect(folder.loadServer({}, { env })).rejects.toThrow(`could not parse trust_domain "\${TD}"`);
  });

  it('stops reading when told to', async () => {
    await using folder = await ConfigFolder.open({ 'server.conf': serverFile() });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(folder.loadServer({}, { signal })).rejects.toThrow('enough');
  });
});

describe('notices about a server', () => {
  it('warn of lifetimes that the CA cannot always give', async () => {
    expect(await warnings('ca_ttl = "1h"')).toEqual([
      'default_x509_svid_ttl is too high for the configured ca_ttl value. SVIDs with shorter lifetimes may be issued. ' +
        'Please set default_x509_svid_ttl to 10m or less, or the ca_ttl to 6h or more, to guarantee the full ' +
        'default_x509_svid_ttl lifetime when CA rotations are scheduled.',
    ]);
    expect(await warnings('agent_ttl = "240h"')).toEqual([
      expect.stringMatching(
        /^agent_ttl is too high and the ca_ttl is too low\..* to 168h or less, and the ca_ttl to 1008h/,
      ),
    ]);
    expect(await warnings('ca_ttl = "2000h"\nagent_ttl = "240h"')).toEqual([
      expect.stringMatching(/^agent_ttl is too high\. .* to 168h or less to guarantee/),
    ]);
    expect(await warnings('ca_ttl = "24h"\ndefault_x509_svid_ttl = "4h"')).toEqual([]);
  });

  it('warn of deprecated keys with the marks that SPIRE gives them', async () => {
    const { notices } = await load('experimental { sql_transaction_timeout = "1m" }');
    expect(notices).toContainEqual({
      level: 'warning',
      message: 'experimental.sql_transaction_timeout is deprecated, use experimental.event_timeout instead',
      fields: { alert: true, alert_type: 'deprecated_config' },
    });
  });

  it('tell of an empty CA subject, of experiments and of JSON that broke off', async () => {
    expect(await warnings('ca_subject {}')).toEqual([
      expect.stringMatching(/^ca_subject configurable is set but empty/),
    ]);
    expect(await warnings('experimental { require_pq_kem = true }')).toEqual([
      expect.stringMatching(/^Experimental features have been enabled/),
    ]);
    const json = '{"server": {"trust_domain": "a", "data_dir": "b"}, "plugins": {}';
    expect((await loadServerText(json)).notices).toMatchObject([{ level: 'warning', fields: { line: 1, column: 65 } }]);
  });

  it('name the keys that do nothing, of a block only the block', async () => {
    const { notYetEffective } = await load(
      'profiling_port = 1\nfederation { bundle_endpoint { port = 1 profile "https_spiffe" {} } }',
      'plugins {}\ntelemetry { InMem {} }',
    );
    expect(notYetEffective).toEqual(['server.profiling_port', 'telemetry.InMem']);
  });
});
