// What an editor shows of a diagnostic: code, rule, related places; and the quick fixes it offers.
import { TextDocument } from 'vscode-languageserver-textdocument';
import { DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver';
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../../runtime/lsp/analysis.ts';
import { codeActionsAt } from '../../../runtime/lsp/features/code-actions.ts';
import { diagnosticsOf } from '../../../runtime/lsp/features/diagnostics.ts';
import { analysisOf, prelude, uri } from './prelude.ts';

const model = (inside: string, sizes = 'd_model = 768') => `model M {
  vocab = 256; context = 64; ${sizes}; n_layers = 6
  ${inside}
}
`;

describe('diagnostics', () => {
  it('carry the rule, the fix and the places they are related to', () => {
    const twice = diagnosticsOf(analysisOf(model('mixer attn = gqa { heads = 12; heads = 6 }; ffn mlp = glu {}')));
    expect(twice.find(({ code }) => code === 'duplicate-key')).toMatchObject({
      severity: DiagnosticSeverity.Error,
      relatedInformation: [
        { message: 'first set here', location: { uri, range: { start: { line: 2, character: 21 } } } },
      ],
    });
    const unused = diagnosticsOf(analysisOf(model('mixer attn = gqa { heads = 12 }; ffn mlp = glu {}; let n = 3')));
    expect(unused.find(({ code }) => code === 'unused-name (E1)')?.tags).toEqual([DiagnosticTag.Unnecessary]);
  });

  it('say where a default stands', () => {
    const found = diagnosticsOf(
      analysisOf(model('mixer attn = gqa { rope.partial = 1/5; heads = 12 }; ffn mlp = glu {}')),
    );
    const places = found.flatMap(({ relatedInformation = [] }) =>
      relatedInformation.map(({ location }) => location.uri),
    );
    expect(places.some((each) => each.endsWith('specs/std/attention.model'))).toBe(true);
  });

  it('of a file of the prelude are those of its syntax', () => {
    const std = prelude.map(({ span: { file } }) => new Analysis(`file://${file.path}`, file, prelude));
    expect(std.length).toBeGreaterThan(3);
    expect(std.flatMap(diagnosticsOf)).toEqual([]);
  });
});

/** Every text that a quick fix leads to, by title. */
function fixes(text: string): Record<string, string> {
  const analysis = analysisOf(text);
  const everything = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
  const document = TextDocument.create(uri, 'model', 1, text);
  return Object.fromEntries(codeActionsAt(analysis, everything).map(({ title, edit }) => [title, TextDocument.applyEdits(document, edit?.changes?.[uri] ?? [])])); // prettier-ignore
}

describe('quick fixes', () => {
  it.each([
    [
      'a key',
      'mixer attn = gqa { hedas = 12; heads = 12 }; ffn mlp = glu {}',
      'Change to `heads`',
      /gqa { heads = 12; heads/,
    ],
    ['a key by its path', 'mixer attn = gqa { heads = 12 }; ffn mlp = glu {}; attn.rope.theat = 1', 'Change to `theta`', /attn\.rope\.theta = 1/], // prettier-ignore
    ['a constructor', 'mixer attn = gqaa { heads = 12 }; ffn mlp = glu {}', 'Change to `gqa`', /attn = gqa {/],
    ['a name', 'mixer attn = gqa { heads = d_modle / 64 }; ffn mlp = glu {}', 'Change to `d_model`', /= d_model \/ 64/],
    [
      'a number that fits',
      'mixer attn = gqa { heads = 12; kv_heads = 5 }; ffn mlp = glu {}',
      'Set kv_heads to 4',
      /kv_heads = 4/,
    ],
    ['a lint that is meant so', 'mixer attn = gqa { heads = 12 }; ffn mlp = glu { width = 100 }', 'Allow width_multiple in this file', /^lint allow width_multiple$/m], // prettier-ignore
  ])('%s', (_, inside, title, expected) => {
    const found = fixes(model(inside));
    expect(Object.keys(found)).toContain(title);
    expect(found[title]).toMatch(expected);
  });
});
