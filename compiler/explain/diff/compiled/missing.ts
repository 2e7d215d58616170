// Takes: a checked model, or an error of its compilation. Gives: one sentence on why it cannot be compiled.
// Promises: bugs of the compiler are not hidden: they are thrown on.
import type { Model } from '../../../2-check/model.ts';
import { unbuilt } from '../../../3-graph/model/unbuilt.ts';

/** Null: it can be lowered to a graph. */
export function missingSentence(model: Model): string | null {
  const messages = [...new Set(unbuilt(model).map(({ message }) => message))];
  return messages.length === 0 ? null : `${model.name} cannot be compiled: ${messages.join('; ')}`;
}

/** The sentence of a plan that no target of this kind can hold. @throws whatever else it is */
export function planSentence(model: Model, error: unknown): string {
  if (error instanceof Error && error.name === 'PlanError') {
    return `${model.name} cannot be compiled: ${error.message.split('\n')[0] ?? ''}`;
  }
  throw error;
}
