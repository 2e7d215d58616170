// Takes: a generator, a tokenizer with a chat template, and what a person says. Gives: answers, turn by turn.
// Promises: a turn counts when it has been answered; the oldest turns go when the context is full, the system message never.
import type { ChatMessage, Tokenizer } from '../tokenizer/tokenizer.ts';
import { UserError } from '../user-error.ts';
import type { Generated, GenerateOptions, Generator } from './generator.ts';

export type ChatOptions = Omit<GenerateOptions, 'stopTokens' | 'decoder' | 'keepCache' | 'onBytes'> & {
  /** Called with the text as it comes. */
  readonly onText?: (part: string) => void;
};

export interface Answer {
  readonly text: string;
  readonly generated: Generated;
  /** How many of the oldest turns have been dropped for this one. */
  readonly dropped: number;
}

type Turn = readonly ChatMessage[];

/** `requireTokens` throws where the model has no row for a token of the prompt. */
export class Chat {
  readonly #generator: Generator;
  readonly #tokenizer: Tokenizer;
  readonly #system: Turn;
  readonly #requireTokens: (tokens: readonly number[]) => void;
  #turns: Turn[] = [];

  constructor(
    generator: Generator,
    tokenizer: Tokenizer,
    system: string | null,
    requireTokens: (tokens: readonly number[]) => void,
  ) {
    // prettier-ignore
    this.#generator = generator;
    this.#tokenizer = tokenizer;
    this.#system = system === null ? [] : [{ role: 'system', content: system }];
    this.#requireTokens = requireTokens;
  }

  /** Forgets all turns. */
  clear(): void {
    this.#turns = [];
  }

  /** @throws UserError when the template refuses the messages, or the context cannot hold even this one */
  async say(content: string, { onText, ...options }: ChatOptions): Promise<Answer> {
    const said: ChatMessage = { role: 'user', content };
    const { prompt, dropped, room } = this.#fit(said, options.maxTokens);
    const reader = new TextReader(onText);
    const generated = await this.#generator.generate(prompt, {
      ...options,
      maxTokens: room,
      keepCache: true,
      stopTokens: this.#tokenizer.stops,
      decoder: this.#tokenizer.decoder(prompt),
      onBytes: (bytes) => reader.push(bytes),
    });
    const text = reader.finish();
    this.#turns = [...this.#turns.slice(dropped), [said, { role: 'assistant', content: text }]];
    return { text, generated, dropped };
  }

  /** The prompt with as many of the latest turns as leave room for an answer, and how much room that is. */
  #fit(said: ChatMessage, maxTokens: number): { prompt: readonly number[]; dropped: number; room: number } {
    const { context } = this.#generator;
    for (let dropped = 0; ; dropped++) {
      const messages = [...this.#system, ...this.#turns.slice(dropped).flat(), said];
      const prompt = this.#tokenizer.encode(this.#tokenizer.chat(messages), { special: false });
      const room = Math.min(maxTokens, context - prompt.length);
      const isLast = dropped >= this.#turns.length;
      if (room >= Math.min(maxTokens, Math.ceil(context / 4)) || (isLast && room > 0)) {
        this.#requireTokens(prompt);
        return { prompt, dropped, room };
      }
      if (isLast)
        throw new UserError(`this message makes a prompt of ${prompt.length} tokens, and the context holds ${context}, with the answer; shorten it, or give a larger --context`); // prettier-ignore
    }
  }
}

/** Text from bytes, without the space that some models begin an answer with, and without what stands at its end. */
class TextReader {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #onText: (part: string) => void;
  #text = '';

  constructor(onText: (part: string) => void = () => {}) {
    this.#onText = onText;
  }

  push(bytes: Uint8Array): void {
    this.#add(this.#decoder.decode(bytes, { stream: true }));
  }

  finish(): string {
    this.#add(this.#decoder.decode());
    return this.#text.trimEnd();
  }

  #add(part: string): void {
    const shown = this.#text === '' ? part.trimStart() : part;
    this.#text += shown;
    if (shown !== '') this.#onText(shown);
  }
}
