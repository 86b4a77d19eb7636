import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rpcMetricKey } from '../../../src/lib/telemetry/rpc-metrics.ts';

test.each([
  ['/spire.api.server.agent.v1.Agent/AttestAgent', 'agent_v1_agent_attest_agent'],
  ['/spire.api.server.svid.v1.SVID/BatchNewX509SVID', 'svid_v1_svid_batch_new_x509svid'],
  ['/spire.api.server.logger.v1.Logger/SetLogLevel', 'logger_set_log_level'],
  [
    '/spire.api.server.localauthority.v1.LocalAuthority/PrepareX509Authority',
    'localauthority_v1_local_authority_prepare_x509_authority',
  ],
  ['/spire.api.agent.logger.v1.Logger/GetLogger', 'logger_get_logger'],
  ['/spire.agent.debug.v1.Debug/GetInfo', 'debug_get_info'],
  ['/SpiffeWorkloadAPI/FetchX509SVID', 'workload_api_fetch_x509svid'],
  ['/grpc.health.v1.Health/Check', 'health_check'],
  [
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    'grpc_reflection_v1_server_reflection_server_reflection_info',
  ],
])('%s is counted as SPIRE counts it', (method, name) => {
  expect(rpcMetricKey(method).join('_')).toBe(`rpc_${name}`);
});

test('cuts words where SPIRE cuts them, one letter after the other', () => {
  const isLower = (letter: string | undefined): boolean => letter !== undefined && /[a-z]/.test(letter);
  // The rule of SPIRE's middleware in words: before a capital that a small letter follows or precedes, not at the ends.
  const cut = (word: string): string =>
    Array.from(word, (letter, i) => {
      const isCut = /[A-Z]/.test(letter) && i > 0 && i + 1 < word.length;
      return isCut && (isLower(word[i + 1]) || isLower(word[i - 1]))
        ? `_${letter.toLowerCase()}`
        : letter.toLowerCase();
    }).join('');
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,12}$/), (name) => {
      expect(rpcMetricKey(`/s/${name}`)).toEqual(['rpc', 's', cut(name)]);
    }),
  );
});
