import { ServerReflectionDefinition as V1 } from '../wire/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionDefinition as V1Alpha } from '../wire/gen/grpc/reflection/v1alpha/reflection.ts';
import type { CallContext } from './call-context.ts';
import type { RequestOf, ResponseOf, ServiceDefinition } from './service.ts';
import { RpcCode, RpcError } from './status.ts';

/** A file of definitions, ready to be handed out. The generated `FILE_DESCRIPTORS` are of this shape. */
export interface ReflectionFile {
  /** As imports name it: `spire/api/types/entry.proto`. */
  readonly name: string;
  /** The files it imports, by name. */
  readonly dependencies: readonly string[];
  /** Full names of all that it defines. */
  readonly symbols: readonly string[];
  /** A serialized `google.protobuf.FileDescriptorProto` in base64. */
  readonly proto: string;
}

// The two versions differ in their package only.
type Request = RequestOf<typeof V1, 'serverReflectionInfo'>;
type Response = ResponseOf<typeof V1, 'serverReflectionInfo'>;
type Answer = NonNullable<Response['messageResponse']>;

/** Definition and implementation, to be passed to `addService`. */
export interface ReflectionService {
  readonly definition: typeof V1 | typeof V1Alpha;
  readonly implementation: {
    serverReflectionInfo(
      requests: AsyncIterable<Request>,
      call: CallContext,
    ): AsyncGenerator<Response, void, undefined>;
  };
}

/**
 * Server reflection in both versions, v1 and v1alpha, for the given services and the two themselves. Only the files
 * which those services need can be asked for.
 *
 * @param services what the server serves
 * @param files where they are defined, with all that those files import
 */
export function createReflectionServices(
  services: readonly Pick<ServiceDefinition, 'fullName'>[],
  files: readonly ReflectionFile[],
): readonly ReflectionService[] {
  const names = [...services, V1, V1Alpha].map((service) => service.fullName);
  const index = new DescriptorIndex([...new Set(names)].sort(), files);
  const implementation = { serverReflectionInfo: (requests: AsyncIterable<Request>) => answerAll(requests, index) };
  return [
    { definition: V1, implementation },
    { definition: V1Alpha, implementation },
  ];
}

async function* answerAll(
  requests: AsyncIterable<Request>,
  index: DescriptorIndex,
): AsyncGenerator<Response, void, undefined> {
  // A client keeps what it was sent, so each file goes out once for each stream.
  const sent = new Set<string>();
  for await (const request of requests) {
    yield { validHost: request.host, originalRequest: request, messageResponse: answer(request, index, sent) };
  }
}

function answer({ messageRequest }: Request, index: DescriptorIndex, sent: Set<string>): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return {
        $case: 'listServicesResponse',
        value: { service: index.services.map((name) => ({ name })) },
      };
    case 'fileByFilename':
      return files(index.findFile(messageRequest.value), messageRequest.value, index, sent);
    case 'fileContainingSymbol':
      return files(index.findFileOf(messageRequest.value), messageRequest.value, index, sent);
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return notFound('there are no extensions');
    case undefined:
      throw new RpcError(RpcCode.invalidArgument, 'the reflection request asks for nothing');
  }
}

function files(file: ReflectionFile | undefined, wanted: string, index: DescriptorIndex, sent: Set<string>): Answer {
  if (file === undefined) return notFound(`not found: ${wanted}`);
  const fileDescriptorProto = index
    .withDependencies(file, sent)
    .map((each) => new Uint8Array(Buffer.from(each.proto, 'base64')));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode: RpcCode.notFound, errorMessage } };
}

/** The files that the services need, by name and by symbol. */
class DescriptorIndex {
  readonly services: readonly string[];
  readonly #byName: Map<string, ReflectionFile>;
  readonly #bySymbol = new Map<string, ReflectionFile>();

  constructor(services: readonly string[], files: readonly ReflectionFile[]) {
    this.services = services;
    this.#byName = new Map(files.map((file) => [file.name, file]));
    const served = new Set(services);
    const needed = new Set<string>();
    const roots = files.filter((file) => file.symbols.some((symbol) => served.has(symbol)));
    const reachable = roots.flatMap((root) => this.withDependencies(root, needed));
    this.#byName = new Map(reachable.map((file) => [file.name, file]));
    for (const file of reachable) {
      for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    }
  }

  findFile(name: string): ReflectionFile | undefined {
    return this.#byName.get(name);
  }

  findFileOf(symbol: string): ReflectionFile | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** The file and all it needs, without those already sent; always the file itself, which was asked for. */
  withDependencies(file: ReflectionFile, sent: Set<string>): ReflectionFile[] {
    sent.add(file.name);
    const found = [file];
    const queue = [...file.dependencies];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const dependency = this.#byName.get(name);
      if (dependency === undefined || sent.has(name)) continue;
      sent.add(name);
      found.push(dependency);
      queue.push(...dependency.dependencies);
    }
    return found;
  }
}
