import { request } from 'node:https';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { Daemon } from '../patient.ts';
import type { Surroundings } from '../surroundings.ts';
import { within } from '../within.ts';

/** A difference that breaks nothing, and one that breaks fresh certificates and tokens. */
const NOTICEABLE_MS = 5_000;
const HARMFUL_MS = 60_000;

/** The clock of this machine beside those of bundle endpoints that the configuration names, by their `Date` headers. */
export const bundleEndpointClock: Check<Daemon> = {
  name: 'clocks of bundle endpoints',
  async look({ config, surroundings, kind }) {
    if (config.kind !== 'valid') return { skipped: 'the endpoints are known from the configuration' };
    const urls = urlsOf(config.value);
    if (urls.length === 0) return { skipped: `the configuration of the ${kind} names no bundle endpoint` };
    const differences = await Promise.all(
      urls.map(async (url) => ({ url, ...(await dateOf(url, surroundings).catch(() => undefined)) })),
    );
    return differences.flatMap(({ url, differenceMs = 0, dateMs = 0 }) => {
      const by = Math.abs(differenceMs);
      if (by < NOTICEABLE_MS) return [];
      return [
        {
          code: 'SPK-4021',
          severity: by < HARMFUL_MS ? 'warning' : 'error',
          subject: url,
          message: `the clock of this machine is ${spanWords(by)} ${differenceMs > 0 ? 'ahead of' : 'behind'} that of the endpoint`,
          evidence: [`Date there ${momentWords(dateMs)}, here ${momentWords(dateMs + differenceMs)}`],
          remedy: 'set the clocks of both: `timedatectl set-ntp true`',
        } as const,
      ];
    });
  },
};

function urlsOf(config: (Daemon['config'] & { kind: 'valid' })['value']): string[] {
  if ('federation' in config) return config.federation.federatesWith.map(({ bundleEndpointUrl }) => bundleEndpointUrl);
  const { trustBundle } = config;
  return trustBundle.kind === 'url' && trustBundle.unixSocket === undefined ? [trustBundle.url] : [];
}

/** What answers is not authenticated: nothing of it is used but a time, which is only told. */
function dateOf(
  url: string,
  surroundings: Surroundings,
): Promise<{ differenceMs: number; dateMs: number } | undefined> {
  const stop = new AbortController();
  const answer = new Promise<{ differenceMs: number; dateMs: number } | undefined>((resolve, reject) => {
    const call = request(
      url,
      {
        method: 'HEAD',
        rejectUnauthorized: false,
        signal: AbortSignal.any([stop.signal, surroundings.signal]),
        agent: false,
      },
      (response) => {
        const dateMs = Date.parse(response.headers.date ?? '');
        response.resume();
        call.destroy();
        // The header has whole seconds, cut off.
        const differenceMs = surroundings.clock.nowMs() - dateMs;
        resolve(Number.isFinite(dateMs) ? { differenceMs, dateMs } : undefined);
      },
    );
    call.on('error', reject);
    call.end();
  });
  return within(surroundings, answer).finally(() => stop.abort());
}
