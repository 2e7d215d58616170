// Takes: a chat, and the lines that a person types. Gives: the answers on the terminal, as they come.
// Promises: Ctrl-C stops an answer and not the chat; Ctrl-D and /exit end it; what a turn does wrong does not end it.
import { createInterface, type Interface } from 'node:readline/promises';
import { notice } from '../terminal.ts';
import { isUserFault } from '../user-error.ts';
import type { Answer, Chat, ChatOptions } from './chat.ts';

export interface ChatTerminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Whether a person sits there: shows a prompt, and takes single keys. */
  readonly isTerminal: boolean;
}

const help = 'say something; /clear forgets what was said, /exit or Ctrl-D ends, Ctrl-C stops an answer';

/** Until the input ends. `describe`: what is told below an answer. */
export async function terminalChat(
  chat: Chat,
  options: ChatOptions,
  terminal: ChatTerminal,
  describe: (answer: Answer) => void,
): Promise<void> {
  // prettier-ignore
  const { input, output, isTerminal } = terminal;
  const lines = createInterface({ input, ...(isTerminal ? { output } : {}), terminal: isTerminal, prompt: '> ' });
  const stop = new StopKey(lines, () => isTerminal && lines.prompt());
  if (isTerminal) notice(help);
  if (isTerminal) lines.prompt();
  let turn = 0;
  for await (const line of lines) {
    const said = line.trim();
    if (said === '/exit') break;
    if (said === '/clear') chat.clear();
    else if (said.startsWith('/') && !said.includes(' ')) notice(help);
    else if (said !== '') await answer(said, turn++);
    if (isTerminal) lines.prompt();
  }
  lines.close();
  // Ctrl-D leaves the cursor behind the prompt.
  if (isTerminal) output.write('\n');

  async function answer(said: string, number: number): Promise<void> {
    stop.begin();
    try {
      const onText = (part: string): void => void output.write(part);
      const told = await chat.say(said, { ...options, seed: options.seed + number, shouldStop: stop.asked, onText });
      output.write('\n');
      describe(told);
    } catch (error) {
      if (!isUserFault(error)) throw error;
      notice(error.message);
    } finally {
      stop.end();
    }
  }
}

/** Ctrl-C: while an answer is written it stops that, else it empties the line. */
class StopKey {
  #isAnswering = false;
  #isAsked = false;

  constructor(lines: Interface, onIdle: () => void) {
    lines.on('SIGINT', () => {
      if (this.#isAnswering) this.#isAsked = true;
      else {
        lines.write(null, { ctrl: true, name: 'u' });
        notice(`\n${help}`);
        onIdle();
      }
    });
  }

  readonly asked = (): boolean => this.#isAsked;

  begin(): void {
    this.#isAnswering = true;
    this.#isAsked = false;
  }

  end(): void {
    this.#isAnswering = false;
  }
}

/** Told once for every turn that goes. */
export function describeDropped({ dropped }: Answer, context: number): void {
  if (dropped === 0) return;
  const turns = dropped === 1 ? 'turn is' : `${dropped} turns are`;
  notice(`the context of ${context.toLocaleString('en')} tokens is full: the oldest ${turns} forgotten; --context gives more`); // prettier-ignore
}

/** What stands on standard input, whole. */
export async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of input) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
