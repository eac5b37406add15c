import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface TokenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: string;
}

export interface TokenServer {
  readonly url: URL;
  readonly requests: readonly TokenRequest[];
  close(): Promise<void>;
}

/** The token endpoint of an authorization server; `undefined` from `answer` leaves the request without one. */
export async function startTokenServer(
  answer: (request: TokenRequest) => TokenAnswer | undefined,
): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const server = createServer((incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
    incoming.on('end', () => {
      const request = {headers: incoming.headers, form: new URLSearchParams(text)};
      requests.push(request);
      const given = answer(request);
      if (given === undefined) return;
      response.writeHead(given.status, {'content-type': 'application/json'}).end(given.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/oauth/token`),
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
