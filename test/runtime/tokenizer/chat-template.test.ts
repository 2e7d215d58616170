// Takes: chat templates and what Jinja, set up as transformers does, made of messages. Gives: the same prompts and refusals.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseTemplate, renderChat } from '../../../runtime/tokenizer/hub/chat-template.ts';
import type { ChatMessage } from '../../../runtime/tokenizer/tokenizer.ts';

const folder = join(import.meta.dirname, 'references');
interface Case {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly prompt?: string;
  readonly refusal?: string;
}
const cases = JSON.parse(readFileSync(join(folder, 'chats.json'), 'utf8')) as readonly Case[];
const tokens = new Map([
  ['bos_token', '<s>'],
  ['eos_token', '</s>'],
]);
const rolesOf = ({ messages }: Case): string => messages.map(({ role }) => role).join(', ');

describe('chat templates', () => {
  it.each(cases.map((each) => [each.template, rolesOf(each), each] as const))('%s of %s', (name, _, each) => {
    const render = (): string =>
      renderChat(readFileSync(join(folder, 'chats', name), 'utf8'), each.messages, tokens, 'x');
    if (each.prompt !== undefined) expect(render()).toBe(each.prompt);
    else expect(render).toThrow(`the chat template refuses these messages: ${each.refusal ?? ''}`);
  });

  it('has refusals among them', () => {
    expect(cases.filter(({ refusal }) => refusal !== undefined).length).toBe(4);
  });

  it('chooses the default of named ones', () => {
    const list = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain' },
    ];
    expect([chooseTemplate(list, 'x'), chooseTemplate('one', 'x'), chooseTemplate(undefined, 'x')]).toEqual(['plain', 'one', null]); // prettier-ignore
    expect(() => chooseTemplate(list.slice(0, 1), 'a/tokenizer.json')).toThrow(
      'a/tokenizer.json: chat_template has no template named default, only tool_use; name one of them default',
    );
  });

  it.each([
    ['{% for m in %}', /^the chat template of a\/b cannot be rendered: /],
    ['{{ nowhere.at.all() }}', /^the chat template of a\/b cannot be rendered: /],
  ])('%s is one sentence', (template, message) => {
    expect(() => renderChat(template, [{ role: 'user', content: 'x' }], tokens, 'a/b')).toThrow(message);
  });
});
