// Takes: what a model can see, and what is to be written. Gives: how many positions the cache gets.
// Promises: never more than the model has; no more than is needed, unless it is asked for.
import { UserError } from '../user-error.ts';

/** Of a chat, whose length nobody knows at its beginning. */
const CHAT = 4096;
/** One run of prefill. */
const CHUNK = 64;

export interface ContextRequest {
  /** Of the model. */
  readonly model: number;
  /** `--context` */
  readonly asked?: number | undefined;
  /** Tokens of the prompt and those to write; null: a chat. */
  readonly tokens: number | null;
}

/** @throws UserError where more is asked for than the model has */
export function contextOf({ model, asked, tokens }: ContextRequest): number {
  if (asked !== undefined && asked > model)
    throw new UserError(`--context ${asked} is more than the model can see: it has ${model} positions`);
  return asked ?? Math.min(model, tokens === null ? CHAT : Math.ceil(tokens / CHUNK) * CHUNK);
}
