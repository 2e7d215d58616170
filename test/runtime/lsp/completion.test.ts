// What is offered at the cursor `|` of texts that are just being written.
import { describe, expect, it } from 'vitest';
import { numberFunctions } from '../../../compiler/2-check/evaluate/functions.ts';
import { functionWords } from '../../../compiler/2-check/inspect/words.ts';
import { completionsAt } from '../../../runtime/lsp/features/completion.ts';
import { atCursor } from './client.ts';
import { analysisOf, specs } from './prelude.ts';

const before = `model A {
  vocab = 256; context = 64; d_model = 64; n_layers = 2
  let half = 4
  mixer attn = gqa { heads = half }
  ffn mlp = glu {}
  block main(mix) { h = x + mix(rms.mix(x)); y = h + mlp(rms.ffn(h)) }
  stack n_layers { cycle [main(attn)] }
}
train pretrain { model = A }
`;

function offered(marked: string, withSnippets = true) {
  const { text, position } = atCursor(before + (marked.includes('|') ? marked : `${marked}|`));
  return completionsAt(analysisOf(text), position, withSnippets);
}

/** At the end of a text. */
function labelsOf(text: string): string[] {
  const lines = text.split('\n');
  const end = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
  return completionsAt(analysisOf(text), end, true).map(({ label }) => label);
}

const labels = (marked: string): string[] => offered(marked).map(({ label }) => label);

describe('completion', () => {
  it.each([
    [
      'keys of a constructor, its block still open',
      'variant V from A { mixer attn = gqa { he',
      ['heads', 'kv_heads', 'rope'],
    ],
    ['keys where the head has no `=` yet', 'variant V from A { mixer attn gqa { |', ['heads', 'kv_heads']],
    ['keys of a part by its path', 'variant V from A { attn.', ['heads', 'rope']],
    ['keys further down', 'variant V from A { attn.rope.', ['theta', 'scaling']],
    ['constructors and parts', 'variant V from A { mixer local = ', ['gqa', 'attn']],
    ['constructors that a key takes', 'variant V from A { attn.rope.scaling = ', ['none', 'linear', 'yarn']],
    ['words', 'variant V from A { mlp.act = |', ['silu', 'gelu']],
    ['words behind `&`', 'variant V from A { attn.mask = causal & |', ['window', 'chunk']],
    ['names and functions in a number', 'variant V from A { mlp.width = 8/3 * |', ['d_model', 'half', 'round']],
    ['names in an equation', 'variant V from A { block b(m) { y = x + | } }', ['m', 'attn', 'mlp', 'rms', 'x']],
    ['blocks in the stack', 'variant V from A { stack n_layers { cycle [| } }', ['main', 'attn']],
    ['clauses of the stack', 'variant V from A { stack n_layers { |', ['cycle', 'each', 'at']],
    ['the wiring of std', 'variant V from A { block = ', ['pre_norm', 'parallel1']],
    ['parameters of a block', 'variant V from A { block = pre_norm(', ['mix', 'f', 'norm', 'attn']],
    ['arguments of a function', 'variant V from A { d_model = round(7, ', ['to', 'mode']],
    ['words of an argument', 'variant V from A { d_model = round(7, mode = ', ['nearest', 'ceil']],
    ['arguments of a constructor', 'variant V from A { attn.qk_norm = rms(', ['eps', 'per']],
    ['targets of init', 'variant V from A { init { ', ['default', 'embed', 'attn']],
    ['parts of a target', 'variant V from A { init { attn.| } }', ['q', 'o']],
    ['schemes of init', 'variant V from A { init { attn.o = ', ['normal', 'zeros']],
    ['bases', 'variant V from ', ['A']],
    ['facts of a model', 'assert A.', ['params', 'd_model']],
    ['what a file holds', '', ['model', 'variant', 'train']],
    ['what a model holds', 'model B {\n  ', ['vocab', 'mixer', 'aspect']],
    ['models of a train block', 'train { model = ', ['A']],
    ['train blocks', 'train { from = ', ['pretrain']],
    ['keys of a train block', 'train { ', ['batch', 'optimizer']],
    ['optimizers', 'train { optimizer ', ['adamw', 'sgd']],
    ['keys of a schedule', 'train { schedule cosine { ', ['warmup', 'floor']],
    ['keys in shorthand', 'train { clip ', ['norm']],
    ['units', 'model B { vocab = 3', ['K', 'M', 'Btok', '%']],
    ['lints', 'lint allow ', ['cycle_tail', 'aspect']],
    ['modules', 'use std.', ['wiring']],
  ])('%s', (_, marked, some) => {
    const found = labels(marked);
    expect(some.filter((each) => !found.includes(each))).toEqual([]);
  });

  it.each([
    ['in a comment', 'model B { # voc'],
    ['in a string', 'train { data = text("A'],
    ['behind a whole value', 'model B { vocab = 3 |'],
    ['where a new name is written', 'model '],
  ])('nothing %s', (_, marked) => expect(labels(marked)).toEqual([]));

  it('says type, meaning and default of a key, and does not offer what is set', () => {
    const found = offered('model B { mixer attn = gqa { heads = 4; | } }');
    const key = found.find(({ label }) => label === 'kv_heads');
    expect(key).toMatchObject({ detail: 'a whole number above 0', textEdit: { newText: 'kv_heads = $0' } });
    expect(JSON.stringify(key?.documentation)).toMatch(/key and value heads.*default `heads`/);
    expect(found.map(({ label }) => label)).not.toContain('heads');
  });

  it('writes whole items: with tab stops only where the editor has them', () => {
    const newText = (withSnippets: boolean) =>
      offered('', withSnippets).find(({ label }) => label === 'variant')?.textEdit?.newText;
    expect(newText(true)).toBe('variant ${1:Name} from ${2:Base} { $0 }');
    expect(newText(false)).toBe('variant Name from Base {  }');
  });

  it('takes the place of the word at the cursor', () => {
    const [first] = offered('variant V from A { attn.he');
    expect(first?.textEdit).toMatchObject({ range: { start: { character: 24 }, end: { character: 26 } } });
  });

  it.each(['specs/quickstart.model', 'specs/families/gemma3.model', 'specs/families/llama.model'])(
    'offers what stands in %s, when it is being typed',
    (path) => {
      const text = specs.find((each) => each.path === path)?.text ?? '';
      const { symbols } = analysisOf(text);
      const missed: string[] = [];
      let count = 0;
      for (const [index, match] of [...text.matchAll(/(?<![\w".])[A-Za-z_]\w*/g)].entries()) {
        const line = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
        const found = symbols.at(match.index);
        const isNew = found?.occurrence.how === 'sets' && found.thing.root.kind !== 'key';
        if (index % 2 > 0 || isNew || /[#"]/.test(line)) continue;
        count++;
        const labels = labelsOf(text.slice(0, match.index + 1));
        if (!labels.includes(match[0])) missed.push(`${line.trim()} ${match[0]}`);
      }
      expect(count).toBeGreaterThan(15);
      expect(missed.length / count, missed.join('; ')).toBeLessThan(0.06);
    },
  );

  it('knows every function of numbers', () => {
    expect(numberFunctions.filter((name) => !Object.hasOwn(functionWords, name))).toEqual([]);
  });
});
