import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SpirekitError } from '../../runtime/errors.ts';
import type { AwsClientConfig } from './aws-access.ts';
import { type AwsCallOptions, type AwsSdk, callAws } from './aws-call.ts';

/** AWS Secrets Manager. */
export class SecretsClient implements Disposable {
  readonly #sdk: AwsSdk;
  readonly #client: SecretsManagerClient;

  constructor(sdk: AwsSdk, config: AwsClientConfig) {
    this.#sdk = sdk;
    this.#client = new sdk.SecretsManagerClient(config);
  }

  /** The text of a secret. @param name its name or ARN */
  async getText(name: string, options: AwsCallOptions): Promise<string> {
    const command = new this.#sdk.GetSecretValueCommand({ SecretId: name });
    const call = `Secrets Manager GetSecretValue of ${JSON.stringify(name)}`;
    const { SecretString: text } = await callAws(call, options, (sent) => this.#client.send(command, sent));
    if (text !== undefined) return text;
    throw new SpirekitError('failed-precondition', `AWS ${call}: the secret is not a text; store the PEM as one`);
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}
