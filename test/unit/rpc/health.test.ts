import { describe, expect, it } from 'vitest';
import { createHealthService } from '../../../src/lib/rpc/health.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { rejection, servePair } from './fixtures.ts';

describe('the health service', () => {
  it.each([
    [true, 1],
    [false, 2],
  ])('answers %s with status %i', async (isServing, status) => {
    await using pair = await servePair({ health: createHealthService({ isServing: () => isServing }) });
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status });
  });

  it('takes a failure to find out for a no, and tells of it', async () => {
    const errors: unknown[] = [];
    const failure = new Error('no bundle');
    const health = createHealthService({
      isServing: () => Promise.reject(failure),
      onError: (error) => errors.push(error),
    });
    await using pair = await servePair({ health });
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status: 2 });
    expect(errors).toEqual([failure]);
  });

  it('speaks for the whole process only', async () => {
    await using pair = await servePair({ health: createHealthService({ isServing: () => true }) });
    expect(await rejection(pair.client.unary(HealthDefinition, 'check', { service: 'x' }))).toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'per-service health is not supported',
    });
    const watch = pair.client.serverStream(HealthDefinition, 'watch', { service: '' }).next();
    expect(await rejection(watch)).toMatchObject({ status: RpcCode.unimplemented });
  });
});
