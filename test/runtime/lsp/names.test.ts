// Definitions, references and renaming: as tables of marked texts, and as properties of every spec.
import { TextDocument } from 'vscode-languageserver-textdocument';
import { ResponseError, type Position } from 'vscode-languageserver';
import type { Analysis } from '../../../runtime/lsp/analysis.ts';
import { describe, expect, it } from 'vitest';
import { definitionAt, highlightsAt, referencesAt } from '../../../runtime/lsp/features/navigation.ts';
import { renameableAt, renameAt } from '../../../runtime/lsp/features/renaming.ts';
import { atCursor } from './client.ts';
import { analysisOf, specs, uri } from './prelude.ts';

/** Marked texts: `|` is the cursor; what is found is put into `<>`. */
const model = `model A {
  vocab = 256; context = 64; d_model = 64; n_layers = 2
  budget = 8
  norm ln = layer {}
  mixer attn = gqa { let half = budget / 2; heads = half; rope { theta = theta0 } }
  theta0 = 10_000
  mixer local = attn { mask = causal & window(16); half = 4 }
  ffn mlp = glu { ratio = 8/3 }
  block b(mix, norm = ln) { h = x + mix(norm.mix(x)); y = h + mlp(norm.ffn(h)) }
  stack n_layers { kind = cycle [attn, local]; each b(kind) }
  init { attn.o, mlp.down = normal(std = 0.02) }
}
variant V from A { attn.half = 2; mlp { act = gelu } }
train pretrain { model = A; batch = 4; seq = context }
train sft { from = pretrain; model = V }
assert V.params < A.params
lint allow attn.heads in V
`;

function cursorAt(text: string, word: string, nth = 0): string {
  let at = -1;
  for (let i = 0; i <= nth; i++) at = text.indexOf(word, at + 1);
  return `${text.slice(0, at)}|${text.slice(at)}`;
}

function marks(word: string, nth = 0): string[] {
  const { text, position } = atCursor(cursorAt(model, word, nth));
  const lines = text.split('\n');
  return referencesAt(analysisOf(text), position, true)
    .filter((each) => each.uri === uri)
    .map(({ range: { start, end } }) => `${start.line + 1}:${start.character + 1} ${lines[start.line]?.slice(start.character, end.character) ?? ''}`); // prettier-ignore
}

describe('references', () => {
  it.each([
    ['a model', 'A {', ['1:7 A', '13:16 A', '14:26 A', '16:19 A']],
    ['a variant', 'V from', ['13:9 V', '15:38 V', '16:8 V', '17:26 V']],
    ['a local value', 'budget', ['3:3 budget', '5:33 budget']],
    ['a let, set again in a derived part and a variant', 'half', ['5:26 half', '5:53 half', '7:52 half', '13:25 half']],
    ['a part', 'attn', ['5:9 attn', '7:17 attn', '10:34 attn', '11:10 attn', '13:20 attn', '17:12 attn']],
    ['a norm', 'ln', ['4:8 ln', '9:23 ln']],
    ['a parameter of a block', 'mix,', ['9:11 mix', '9:37 mix']],
    ['an equation', 'h =', ['9:29 h', '9:59 h', '9:76 h']],
    ['a block', 'b(mix', ['9:9 b', '10:53 b']],
    ['a cycle of the stack', 'kind', ['10:20 kind', '10:55 kind']],
    ['a train block', 'pretrain', ['14:7 pretrain', '15:20 pretrain']],
  ])('%s', (_, word, places) => expect([...marks(word)].sort()).toEqual([...places].sort()));

  it('highlights what is written and what is read', () => {
    const { text, position } = atCursor(cursorAt(model, 'budget'));
    expect(highlightsAt(analysisOf(text), position).map(({ kind }) => kind)).toEqual([3, 2]);
  });
});

describe('definition', () => {
  const definition = (word: string, nth = 0): string => {
    const { text, position } = atCursor(cursorAt(model, word, nth));
    const found = definitionAt(analysisOf(text), position);
    return found === null ? '' : `${found.uri.replace(/^.*\/(?=.*\/)/, '')}:${found.range.start.line + 1}`;
  };
  it.each([
    ['a use', 'budget', 1, '/test.model:3'],
    ['an override of a variant', 'attn.half', 0, '/test.model:5'],
    ['a key has its default in std', 'heads =', 0, 'std/attention.model:4'],
    ['a constructor has its defaults in std', 'gqa', 0, 'std/attention.model:3'],
    ['a name of the model seen from a train block', 'context', 1, '/test.model:2'],
    ['nothing at a number', '256', 0, ''],
  ])('%s', (_, word, nth, place) => expect(definition(word, nth).replace(/^.*test\.model/, '/test.model')).toBe(place));

  it('keeps two models of a file apart', () => {
    const two = 'model A { context = 64 }\nmodel B { context = 32; seq = con|text }';
    const { text, position } = atCursor(two);
    expect(definitionAt(analysisOf(text), position)?.range.start).toEqual({ line: 1, character: 10 });
  });

  it('does not take a word for a name', () => {
    const { text, position } = atCursor('model A { head lm {}; mixer attn = gqa { qk_norm = rms(per = he|ad) } }');
    expect(definitionAt(analysisOf(text), position)).toBe(null);
  });

  it('goes into the wiring of std', () => {
    const { text, position } = atCursor('model M { block = pre_|norm(attn, mlp) }');
    expect(definitionAt(analysisOf(text), position)?.uri).toMatch(/specs\/std\/wiring\.model$/);
  });
});

function renamed(analysis: Analysis, position: Position, to: string): string | ResponseError {
  const edit = renameAt(analysis, position, to);
  if (edit instanceof ResponseError) return edit;
  const document = TextDocument.create(uri, 'model', 1, analysis.source.text);
  return TextDocument.applyEdits(document, edit.changes?.[uri] ?? []);
}

describe('rename', () => {
  it.each([
    ['a key', 'vocab', 'size', /word of the language/],
    ['a constructor', 'gqa', 'mha', /word of the language/],
    ['to no name', 'budget', '3x', /not a name/],
    ['to a keyword', 'budget', 'until', /word of the language/],
    ['to a name that is there', 'budget', 'theta0', /already/],
    ['to a name that is there further in', 'budget', 'half', /already/],
  ])('refuses %s', (_, word, to, message) => {
    const { text, position } = atCursor(cursorAt(model, word));
    const result = renamed(analysisOf(text), position, to);
    expect(result).toBeInstanceOf(ResponseError);
    expect((result as ResponseError).message).toMatch(message);
  });

  it('refuses a name that a default of std uses, and a word at the cursor at once', () => {
    const short = atCursor('model M { vocab = 256; d_model = 64; mixer at|tn = gqa { heads = 4 }\n ffn mlp = glu {} }');
    expect(renamed(analysisOf(short.text), short.position, 'mixing')).toBeInstanceOf(ResponseError);
    const derived = atCursor('model M { vocab = 256; d_model = 64; siz|e = 4; mixer attn = gqa { heads = size }; ffn mlp = glu {} }'); // prettier-ignore
    const result = renamed(analysisOf(derived.text), derived.position, 'aspect');
    expect(result instanceof ResponseError && result.message).toMatch(/change what the file means/);
    const word = atCursor(cursorAt(model, 'heads ='));
    expect(renameableAt(analysisOf(word.text), word.position)).toBeInstanceOf(ResponseError);
  });

  it.each(specs)('$path: every name can be called otherwise, and back', ({ text }) => {
    const analysis = analysisOf(text);
    const names = renameable(analysis);
    // Each is checked three times: of a large file, some.
    const most = text.length > 3000 ? 4 : 12;
    const some = names.filter((_, index) => index % Math.ceil(names.length / most) === 0);
    let refused = 0;
    for (const { name, position } of some) {
      const there = renamed(analysis, position, 'quite_new');
      if (there instanceof ResponseError) {
        refused++;
        continue;
      }
      const changed = analysisOf(there);
      const old = new RegExp(`(?<![A-Za-z0-9])(${name}|quite_new)(?![A-Za-z0-9])`, 'g');
      const canonical = ({ checked }: Analysis): string[] => checked.file.models.map((each) => each.canonical.replaceAll(old, '?')); // prettier-ignore
      expect(canonical(changed)).toEqual(canonical(analysis));
      const back = TextDocument.create(uri, 'model', 1, there).positionAt(there.indexOf('quite_new'));
      expect(renamed(changed, back, name)).toBe(text);
    }
    expect(some.length).toBeGreaterThan(1);
    // Names that defaults of std use, as of the parts of a tower.
    expect(refused).toBeLessThan(3);
  });
});

function renameable(analysis: Analysis): { name: string; position: Position }[] {
  const { text } = analysis.source;
  const document = TextDocument.create(uri, 'model', 1, text);
  const seen = new Set<unknown>();
  return [...text.matchAll(/[A-Za-z_]\w*/g)].flatMap(({ index }) => {
    const found = analysis.symbols.at(index);
    const position = document.positionAt(index);
    if (found === null || seen.has(found.thing.root) || renameableAt(analysis, position) instanceof ResponseError)
      return [];
    seen.add(found.thing.root);
    return [{ name: found.thing.root.text, position }];
  });
}
