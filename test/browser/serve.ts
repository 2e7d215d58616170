// Takes: texts of modules by path. Gives: an address that serves them and an empty page, as a page with threads must be served.
// Promises: `/` is cross-origin isolated, `/plain` is not.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Served {
  readonly url: string;
  close(): void;
}

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export async function serve(modules: ReadonlyMap<string, string>): Promise<Served> {
  const server = createServer(({ url = '/' }, response) => {
    const text = url === '/' || url === '/plain' ? '<!doctype html><link rel="icon" href="data:,">' : modules.get(url.slice(1)); // prettier-ignore
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    const headers = { 'Content-Type': type, ...(url === '/plain' ? {} : isolation) };
    response.writeHead(text === undefined ? 404 : 200, headers).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}
