// Takes: messages of the page, each a request. Gives: its outcome, or the error as text.
// Promises: this is all that a page's own worker has to be.
import { openCpu } from '../../runtime/browser.ts';
import { type Outcome, type Request, runModel } from './run-model.ts';

export type Reply = { readonly outcome: Outcome } | { readonly error: string };

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  run(data).then(
    (outcome) => postMessage({ outcome } satisfies Reply),
    (cause: unknown) => postMessage({ error: String(cause) } satisfies Reply),
  );
});

async function run(request: Request): Promise<Outcome> {
  const device = await openCpu({ threads: request.threads });
  try {
    return await runModel(device, request);
  } finally {
    device.close();
  }
}
