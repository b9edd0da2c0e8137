import { request, type IncomingHttpHeaders } from 'node:http';

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Parsed; throws when it is no JSON. */
  json(): unknown;
}

export interface ProxyJson {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: { name: string; type: string; stream: string; toxicity: number; attributes: Record<string, number> }[];
}

/** Plain HTTP, so that odd paths, bodies and headers reach the server as they are. */
export class ApiClient {
  #count = 0;

  constructor(readonly url: string) {}

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const { hostname, port } = new URL(this.url);
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const length = payload === undefined ? {} : { 'Content-Length': Buffer.byteLength(payload) };
    return new Promise((resolve, reject) => {
      const sent = request(
        { method, path, hostname, port, headers: { ...length, ...headers }, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: () => JSON.parse(text) as unknown,
            });
          });
        },
      );
      sent.once('error', reject);
      sent.end(payload);
    });
  }

  async get(path: string): Promise<Reply> {
    return this.call('GET', path);
  }

  async post(path: string, body?: unknown): Promise<Reply> {
    return this.call('POST', path, body);
  }

  async delete(path: string): Promise<Reply> {
    return this.call('DELETE', path);
  }

  /** A proxy with a name of its own; throws when it is refused. */
  async proxy(upstream: string, extra: Record<string, unknown> = {}): Promise<ProxyJson> {
    this.#count += 1;
    const reply = await this.post('/proxies', { name: `p${this.#count}`, listen: '127.0.0.1:0', upstream, ...extra });
    if (reply.status !== 201) throw new Error(`${reply.status} ${reply.text}`);
    return reply.json() as ProxyJson;
  }

  async toxic(
    proxy: ProxyJson,
    type: string,
    stream: 'upstream' | 'downstream',
    attributes: Record<string, number>,
    toxicity = 1,
  ): Promise<string> {
    const reply = await this.post(`/proxies/${proxy.name}/toxics`, { type, stream, attributes, toxicity });
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    return `/proxies/${proxy.name}/toxics/${(reply.json() as { name: string }).name}`;
  }
}
