// Takes: the name of a contestant, then requests from the process that measures. Gives: its times.
// Promises: does nothing between two requests.
import { type ContestantName, contestants, type Reply, type Request } from './contestants.ts';
import type { Work, WorkName } from './work.ts';

const send = (reply: Reply): void => {
  process.send?.(reply);
};
const failed = (error: unknown): void =>
  send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });

try {
  const contestant = await contestants[process.argv[2] as ContestantName]();
  const ready = new Map<WorkName, Work>();
  const answer = async ({ ask, work }: Request): Promise<Reply> => {
    if (ask === 'prepare') {
      const start = performance.now();
      const made = await contestant.works[work]?.();
      if (made === undefined) throw new Error('not one of its works');
      ready.set(work, made);
      return { kind: 'prepared', ms: performance.now() - start };
    }
    const run = ready.get(work);
    if (run === undefined) throw new Error('not prepared');
    return { kind: 'ran', run: await run() };
  };
  process.on('message', (request: Request) => void answer(request).then(send, failed));
  send({ kind: 'open', description: contestant.description, works: Object.keys(contestant.works) as WorkName[] });
} catch (error) {
  failed(error);
  process.disconnect();
}
