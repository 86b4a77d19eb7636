import { createServer, type IncomingMessage, request, type Server } from 'node:http';

/** What moto leaves out: when an alias was last updated. It stands in front of moto and adds that. */
export class DatedAliases implements AsyncDisposable {
  /** Milliseconds since the Unix epoch; the time that an update now is noted with. */
  nowMs: () => number = () => Date.now();
  readonly #updatedMs = new Map<string, number>();
  readonly #server: Server;

  private constructor(target: string) {
    this.#server = createServer((incoming, outgoing) => {
      void readAll(incoming).then((body) => {
        const call = String(incoming.headers['x-amz-target'] ?? '').replace('TrentService.', '');
        const { AliasName: name } = body.length > 0 && call !== '' ? JSON.parse(body.toString()) : {};
        if (call === 'CreateAlias' || call === 'UpdateAlias') this.#updatedMs.set(name, this.nowMs());
        const { method, headers, url } = incoming;
        request(`${target}${url}`, { method, headers }, (answer) => {
          void readAll(answer).then((text) => {
            const told = call === 'ListAliases' ? this.#withDates(text) : text;
            const { 'content-length': _, ...rest } = answer.headers;
            outgoing.writeHead(answer.statusCode ?? 500, { ...rest, 'content-length': told.length }).end(told);
          });
        }).end(body);
      });
    });
  }

  static async open(target: string): Promise<DatedAliases> {
    const dates = new DatedAliases(target);
    await new Promise<void>((resolve) => dates.#server.listen(0, '127.0.0.1', resolve));
    return dates;
  }

  get address(): string {
    const bound = this.#server.address();
    return `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #withDates(text: Buffer): Buffer {
    const answer: { Aliases?: { AliasName: string; LastUpdatedDate?: number }[] } = JSON.parse(text.toString());
    for (const alias of answer.Aliases ?? []) {
      const updatedMs = this.#updatedMs.get(alias.AliasName);
      if (updatedMs !== undefined) alias.LastUpdatedDate = updatedMs / 1000;
    }
    return Buffer.from(JSON.stringify(answer));
  }
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
