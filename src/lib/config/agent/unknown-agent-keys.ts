import { unknownKeys } from '../schema/block.ts';
import { unknownTelemetryKeys } from '../section/telemetry.ts';
import type { UnknownSection } from '../section/unknown-keys.ts';
import type { RawAgentFile } from './agent-schema.ts';

/**
 * The unknown keys of the blocks that SPIRE checks. It passes over `sds`, `experimental` and `telemetry` themselves; so
 * do we, because files that it starts with must start here.
 */
export function unknownAgentKeys(file: RawAgentFile): UnknownSection[] {
  const { agent, telemetry, health_checks: healthChecks } = file;
  const { broker, ratelimit } = agent.experimental;
  return [
    { section: 'top-level', keys: unknownKeys(file) },
    { section: 'agent', keys: unknownKeys(agent) },
    ...(broker === undefined ? [] : unknownBrokerKeys(broker)),
    ...unknownTelemetryKeys(telemetry),
    { section: 'health check', keys: unknownKeys(healthChecks) },
    { section: 'ratelimit', keys: unknownKeys(ratelimit) },
  ];
}

function unknownBrokerKeys(broker: NonNullable<RawAgentFile['agent']['experimental']['broker']>): UnknownSection[] {
  const section = 'experimental.broker';
  return [
    { section, keys: unknownKeys(broker) },
    ...broker.brokers.flatMap((entry, index) => [
      { section: `${section}.brokers[${index}]`, keys: unknownKeys(entry) },
      ...entry.allowed_reference_types.map((type, typeIndex) => ({
        section: `${section}.brokers[${index}].allowed_reference_types[${typeIndex}]`,
        keys: unknownKeys(type),
      })),
    ]),
  ];
}
