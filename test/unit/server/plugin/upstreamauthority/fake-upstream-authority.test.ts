import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { FakeUpstreamAuthority } from './fake-upstream-authority.ts';
import { describeUpstreamAuthority } from './upstream-authority-suite.ts';

describeUpstreamAuthority(
  'fake',
  async () => {
    const clock = new ManualClock();
    const trustDomain = TrustDomain.parse('example.org');
    const plugin = await FakeUpstreamAuthority.open(trustDomain, clock);
    return { plugin, trustDomain, nowMs: () => clock.nowMs(), [Symbol.asyncDispose]: async () => {} };
  },
  { publishesJwtKeys: true, watchesBundle: true },
);
