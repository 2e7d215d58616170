// Takes: a Jinja template as chat models carry it, and messages. Gives: the prompt.
// Promises: the names and settings that transformers renders with; what the template refuses is its own sentence.
import { Template } from '@huggingface/jinja';
import { UserError } from '../../user-error.ts';
import { isRecord } from './parts.ts';
import type { ChatMessage } from '../tokenizer.ts';

/** `stored`: the field chat_template, a text or a list of named ones; null: there is none. @throws UserError where none is for chat */
export function chooseTemplate(stored: unknown, path: string): string | null {
  if (stored === undefined || stored === null) return null;
  if (typeof stored === 'string') return stored;
  const list: readonly unknown[] = Array.isArray(stored) ? stored : isRecord(stored) ? namedList(stored) : [];
  const named = list.filter(isRecord).filter(({ template }) => typeof template === 'string');
  const template = named.find(({ name }) => name === 'default')?.['template'];
  if (typeof template === 'string') return template;
  const names = named.map(({ name }) => String(name)).join(', ');
  throw new UserError(
    `${path}: chat_template has no template named default${names === '' ? '' : `, only ${names}`}; name one of them default`,
  );
}

const namedList = (templates: Readonly<Record<string, unknown>>): unknown[] =>
  Object.entries(templates).map(([name, template]) => ({ name, template }));

/** `tokens`: bos_token and so on, by name. @throws UserError with what the template says, or why it cannot be rendered */
export function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  tokens: ReadonlyMap<string, string>,
  path: string,
): string {
  const refuse = (text: unknown): never => {
    throw new UserError(`the chat template refuses these messages: ${String(text)}`);
  };
  const names = { messages, tools: null, documents: null, add_generation_prompt: true, [refusal]: refuse };
  try {
    const compiled = new Template(template);
    rename(compiled.parsed, 'raise_exception', refusal);
    return compiled.render({ ...Object.fromEntries(tokens), ...names });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`the chat template of ${path} cannot be rendered: ${reason}`);
  }
}

// The library has a raise_exception of its own, whose errors look like those of a template that it cannot read.
const refusal = 'refuse_messages';

function rename(node: unknown, from: string, to: string): void {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && node.type === 'Identifier' && 'value' in node && node.value === from) node.value = to;
  for (const part of Object.values(node)) rename(part, from, to);
}
