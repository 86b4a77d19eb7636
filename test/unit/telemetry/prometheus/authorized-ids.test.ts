import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthorizedIds } from '../../../../src/lib/telemetry/prometheus/exporter-tls.ts';
import { spiffeIds } from '../../wire/convert/arbitraries.ts';

describe('who may ask the exporter', () => {
  const settings = { certFile: '', keyFile: '', clientCaFile: '', useSpireSvid: true };

  it('are the IDs that are written, and no other text is one', () => {
    fc.assert(
      fc.property(fc.array(spiffeIds, { maxLength: 3 }), fc.string(), (ids, text) => {
        const authorizedSpiffeIds = ids.map(String);
        expect(parseAuthorizedIds({ ...settings, authorizedSpiffeIds }).map(String)).toEqual(authorizedSpiffeIds);
        fc.pre(!text.startsWith('spiffe://'));
        const refusal = expect.objectContaining({ code: 'invalid-spiffe-id' });
        expect(() => parseAuthorizedIds({ ...settings, authorizedSpiffeIds: [...authorizedSpiffeIds, text] })).toThrow(
          refusal,
        );
      }),
    );
  });

  it('come with settings that do not exclude each other', () => {
    const file = fc.constantFrom('', 'x.pem');
    fc.assert(
      fc.property(
        file,
        file,
        file,
        fc.boolean(),
        fc.boolean(),
        (certFile, keyFile, clientCaFile, useSpireSvid, hasIds) => {
          const authorizedSpiffeIds = hasIds ? ['spiffe://example.org/a'] : [];
          const isFine =
            (useSpireSvid ? certFile === '' && keyFile === '' : certFile !== '' && keyFile !== '') &&
            !(hasIds && clientCaFile !== '');
          const read = () => parseAuthorizedIds({ certFile, keyFile, clientCaFile, useSpireSvid, authorizedSpiffeIds });
          if (isFine) expect(read()).toHaveLength(authorizedSpiffeIds.length);
          else expect(read).toThrow(expect.objectContaining({ code: 'invalid-config' }));
        },
      ),
    );
  });
});
