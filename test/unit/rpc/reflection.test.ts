import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { createReflectionServices } from '../../../src/lib/rpc/reflection.ts';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { FILE_DESCRIPTORS } from '../../../src/lib/wire/gen/descriptors.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from '../../../src/lib/wire/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionDefinition as V1Alpha } from '../../../src/lib/wire/gen/grpc/reflection/v1alpha/reflection.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { SpiffeWorkloadAPIDefinition } from '../../../src/lib/wire/gen/workload.ts';
import { rejection, TemporaryFolder } from './fixtures.ts';

type Question = NonNullable<ServerReflectionRequest['messageRequest']>;
type Answer = ServerReflectionResponse['messageResponse'];

const services = [SpiffeWorkloadAPIDefinition, HealthDefinition, EntryDefinition];

/** Asks on one stream of one version. */
async function ask(definition: typeof V1 | typeof V1Alpha, questions: readonly (Question | undefined)[]) {
  using folder = new TemporaryFolder();
  const path = folder.file('s.sock');
  await using server = new RpcServer();
  for (const { definition: each, implementation } of createReflectionServices(services, FILE_DESCRIPTORS)) {
    server.addService(each, implementation);
  }
  await server.listenUnix({ path, socketMode: 0o600 });
  await using client = new RpcClient({ kind: 'unix', path });
  const call = client.bidi(definition, 'serverReflectionInfo');
  const answers: Answer[] = [];
  for (const messageRequest of questions) await call.send({ host: 'h', messageRequest });
  call.end();
  for await (const answer of call.responses) {
    expect(answer.validHost).toBe('h');
    expect(answer.originalRequest?.messageRequest).toEqual(questions[answers.length]);
    answers.push(answer.messageResponse);
  }
  return answers;
}

const filesOf = (answer: Answer): string[] =>
  answer?.$case === 'fileDescriptorResponse'
    ? answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
    : [];

describe('server reflection', () => {
  it.each([V1, V1Alpha])('lists in $fullName what is served and itself, in order', async (definition) => {
    const [answer] = await ask(definition, [{ $case: 'listServices', value: '' }]);
    expect(answer).toEqual({
      $case: 'listServicesResponse',
      value: {
        service: [
          'SpiffeWorkloadAPI',
          'grpc.health.v1.Health',
          'grpc.reflection.v1.ServerReflection',
          'grpc.reflection.v1alpha.ServerReflection',
          'spire.api.server.entry.v1.Entry',
        ].map((name) => ({ name })),
      },
    });
  });

  it('hands out files with all they import, each once for a stream', async () => {
    const [first, second, third] = await ask(V1, [
      { $case: 'fileContainingSymbol', value: 'spire.api.server.entry.v1.Entry' },
      { $case: 'fileContainingSymbol', value: 'SpiffeWorkloadAPI.FetchX509SVID' },
      { $case: 'fileByFilename', value: 'spire/api/types/entry.proto' },
    ]);
    expect(filesOf(first)[0]).toBe('spire/api/server/entry/v1/entry.proto');
    expect(new Set(filesOf(first))).toContain('spire/api/types/spiffeid.proto');
    expect(new Set(filesOf(first)).size).toBe(filesOf(first).length);
    expect(filesOf(second)).toEqual(['workload.proto', 'google/protobuf/struct.proto']);
    expect(filesOf(third)).toEqual(['spire/api/types/entry.proto']);
  });

  it('hands out files that make up whole services', async () => {
    const [answer] = await ask(V1, [{ $case: 'fileContainingSymbol', value: 'spire.api.server.entry.v1.Entry' }]);
    const bytes = answer?.$case === 'fileDescriptorResponse' ? answer.value.fileDescriptorProto : [];
    const files = new Map(
      bytes.map((each) => fromBinary(FileDescriptorProtoSchema, each)).map((file) => [file.name, file]),
    );
    const [main] = files.values();
    if (main === undefined) throw new Error('no file');
    const service = createFileRegistry(main, (name) => files.get(name)).getService('spire.api.server.entry.v1.Entry');
    const methods = service?.methods.map(({ name }) => name);
    expect(methods).toEqual(Object.values(EntryDefinition.methods).map(({ name }) => name));
  });

  it('does not find what is not served, not there or an extension', async () => {
    const answers = await ask(V1, [
      { $case: 'fileByFilename', value: 'spire/api/server/agent/v1/agent.proto' },
      { $case: 'fileContainingSymbol', value: 'spire.api.server.agent.v1.Agent' },
      { $case: 'fileContainingSymbol', value: 'constructor' },
      { $case: 'allExtensionNumbersOfType', value: 'spire.api.types.Entry' },
      { $case: 'fileContainingExtension', value: { containingType: 'spire.api.types.Entry', extensionNumber: 1 } },
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ $case: 'errorResponse', value: { errorCode: RpcCode.notFound } });
    }
    expect(answers).toHaveLength(5);
  });

  it('refuses a question that asks for nothing', async () => {
    expect(await rejection(ask(V1, [undefined]))).toMatchObject({ status: RpcCode.invalidArgument });
  });
});
