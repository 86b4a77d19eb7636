import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsClientConfig } from '../../../../src/lib/server/aws/aws-access.ts';
import * as sdk from '../../../../src/lib/server/aws/aws-sdk.ts';
import { KmsClient } from '../../../../src/lib/server/aws/kms-client.ts';

interface SignRequest {
  readonly Message: string;
  readonly MessageType: string;
  readonly SigningAlgorithm: string;
}

let seen: SignRequest[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    seen.push(JSON.parse(body));
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' }).end('{"Signature":"AAAA"}');
  });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('what is longer than KMS takes is sent as its hash, all else as it is', async () => {
  const bound = server.address();
  const endpoint = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
  const access = { region: 'r', accessKeyId: 'a', secretAccessKey: 'b', endpoint };
  using client = new KmsClient(sdk, await awsClientConfig(access, {}));
  seen = [];
  const [short, long] = [Buffer.alloc(4_096, 1), Buffer.alloc(4_097, 1)];
  await client.sign('arn', short, { name: 'ECDSA_SHA_256', digest: 'sha256' }, {});
  await client.sign('arn', long, { name: 'ECDSA_SHA_384', digest: 'sha384' }, {});
  expect(seen.map(({ Message: message, MessageType: type }) => [type, Buffer.from(message, 'base64')])).toEqual([
    ['RAW', short],
    ['DIGEST', hash('sha384', long, 'buffer')],
  ]);
});
