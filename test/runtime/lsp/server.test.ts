// A real client and the real program, over stdio: what an editor sees while a person types.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import {
  CodeActionRequest,
  CompletionRequest,
  DefinitionRequest,
  DocumentFormattingRequest,
  DocumentSymbolRequest,
  FoldingRangeRequest,
  HoverRequest,
  InlayHintRequest,
  LSPErrorCodes,
  PrepareRenameRequest,
  ReferencesRequest,
  RenameRequest,
  type CodeAction,
  type CompletionItem,
  type DocumentSymbol,
  type Location,
  type MarkupContent,
  CancellationTokenSource,
} from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleProgram } from '../bundle-program.ts';
import { atCursor, root, startEditor, type Editor } from './client.ts';
import { specs } from './prelude.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor(await bundleProgram('server'));
});
afterAll(async () => {
  expect(await editor.end()).toBe(0);
  expect(editor.errors()).toBe('');
});

let opened = 0;
async function open(text: string): Promise<string> {
  const uri = pathToFileURL(join(root, `file${++opened}.model`)).href;
  await editor.open(uri, text);
  return uri;
}

const faulty = `model M {
  vocab = 256; context = 32; d_model = 64; n_layers = 2
  mixer attn = gqa { hedas = 4; heads = 4 }
  ffn mlp = glu {}
}
`;

it('says what it can do', () => {
  expect(editor.server.serverInfo?.name).toBe('modelc');
  expect(editor.server.capabilities.documentFormattingProvider).toBe(true);
});

it('publishes diagnostics with code, rule and place; only those of the last version while a person types', async () => {
  const uri = await open(faulty);
  const { diagnostics } = await editor.diagnostics(uri, 1);
  const [unknown] = diagnostics;
  expect(unknown).toMatchObject({
    range: { start: { line: 2, character: 21 }, end: { line: 2, character: 26 } },
    code: 'unknown-key (E1)',
    severity: 1,
    source: 'modelc',
  });
  expect(unknown?.message).toContain('did you mean `heads`?');
  const range = { start: { line: 2, character: 21 }, end: { line: 2, character: 26 } };
  await editor.change(uri, 2, [{ range, text: 'hed' }]);
  await editor.change(uri, 3, [{ range: { ...range, end: { line: 2, character: 24 } }, text: 'kv_heads' }]);
  await editor.change(uri, 4, [{ range: { start: { line: 2, character: 32 }, end: { line: 2, character: 33 } }, text: '2' }]); // prettier-ignore
  await editor.diagnostics(uri, 4);
  expect(editor.published.filter((each) => each.uri === uri).map(({ version }) => version)).toEqual([1, 4]);
});

it('keeps several documents apart, and forgets one that is closed', async () => {
  const [bad, good] = [await open(faulty), await open('')];
  expect((await editor.diagnostics(bad, 1)).diagnostics.length).toBeGreaterThan(0);
  expect((await editor.diagnostics(good, 1)).diagnostics).toEqual([]);
  await editor.closeFile(bad);
  expect(await editor.connection.sendRequest(DocumentSymbolRequest.type, { textDocument: { uri: bad } })).toEqual([]);
  expect(editor.published.filter(({ uri }) => uri === bad).at(-1)?.diagnostics).toEqual([]);
});

it('offers to write the near name', async () => {
  const uri = await open(faulty);
  const range = { start: { line: 2, character: 23 }, end: { line: 2, character: 23 } };
  const actions = await editor.connection.sendRequest(CodeActionRequest.type, { textDocument: { uri }, range, context: { diagnostics: [] } }); // prettier-ignore
  const [fix] = actions as CodeAction[];
  expect(fix?.title).toBe('Change to `heads`');
  expect(fix?.edit?.changes?.[uri]).toEqual([{ range: { start: { line: 2, character: 21 }, end: { line: 2, character: 26 } }, newText: 'heads' }]); // prettier-ignore
});

it('formats with edits that touch only what changes, and leaves a broken text alone', async () => {
  const text = 'model M {\n  vocab=256\n  context = 32\n  d_model =   64\n}\n';
  const uri = await open(text);
  const format = { textDocument: { uri }, options: { tabSize: 2, insertSpaces: true } };
  const edits = (await editor.connection.sendRequest(DocumentFormattingRequest.type, format)) ?? [];
  expect(TextDocument.applyEdits(TextDocument.create(uri, 'model', 1, text), edits)).toBe(
    'model M {\n  vocab = 256\n  context = 32\n  d_model = 64\n}\n',
  );
  expect(edits.map(({ range }) => range.start.line)).toEqual([1, 3]);
  const broken = await open('model M { vocab = }');
  expect(await editor.connection.sendRequest(DocumentFormattingRequest.type, { ...format, textDocument: { uri: broken } })).toEqual([]); // prettier-ignore
});

it('outlines and folds', async () => {
  const uri = await open(`# one\n# two\n${faulty}variant V from M {\n  attn.heads = 2\n\n}\n`);
  const symbols = (await editor.connection.sendRequest(DocumentSymbolRequest.type, { textDocument: { uri } })) as DocumentSymbol[]; // prettier-ignore
  expect(symbols.map(({ name, detail }) => [name, detail])).toEqual([
    ['M', 'model'],
    ['V', 'variant from M'],
  ]);
  expect(symbols[0]?.children?.map(({ name }) => name)).toEqual(['vocab', 'context', 'd_model', 'n_layers', 'attn', 'mlp']); // prettier-ignore
  const folds = await editor.connection.sendRequest(FoldingRangeRequest.type, { textDocument: { uri } });
  expect(folds?.map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
    [0, 1],
    [2, 5],
    [7, 9],
  ]);
});

const small = `model A {
  vocab = 256; context = 64; d_model = 64; n_layers = 2
  half = 4
  mixer attn = gqa { heads = ha|lf }
  ffn mlp = glu {}
}
`;

it('finds definitions, references, renames, and refuses words of the language', async () => {
  const { text, position } = atCursor(small);
  const uri = await open(text);
  const at = { textDocument: { uri }, position };
  const definition = (await editor.connection.sendRequest(DefinitionRequest.type, at)) as Location;
  expect(definition.range.start).toEqual({ line: 2, character: 2 });
  const std = (await editor.connection.sendRequest(DefinitionRequest.type, { ...at, position: { line: 3, character: 16 } })) as Location; // prettier-ignore
  expect(std.uri).toMatch(/^file:.*specs\/std\/attention\.model$/);
  const references = await editor.connection.sendRequest(ReferencesRequest.type, { ...at, context: { includeDeclaration: true } }); // prettier-ignore
  expect(references?.map(({ range }) => range.start.line)).toEqual([2, 3]);
  expect(await editor.connection.sendRequest(PrepareRenameRequest.type, at)).toMatchObject({ placeholder: 'half' });
  const edit = await editor.connection.sendRequest(RenameRequest.type, { ...at, newName: 'fourth' });
  expect(edit?.changes?.[uri]?.map(({ newText }) => newText)).toEqual(['fourth', 'fourth']);
  const word = editor.connection.sendRequest(RenameRequest.type, { ...at, position: { line: 1, character: 3 }, newName: 'size' }); // prettier-ignore
  await expect(word).rejects.toThrow('`vocab` is a word of the language');
});

it('hovers, completes and hints', async () => {
  const { text, position } = atCursor(small);
  const uri = await open(text);
  const hover = await editor.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position });
  expect((hover?.contents as MarkupContent | undefined)?.value).toContain('`half` = **4**');
  const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
  const hints = await editor.connection.sendRequest(InlayHintRequest.type, { textDocument: { uri }, range });
  expect(hints?.map(({ label }) => label)).toEqual([expect.stringMatching(/K parameters$/), '= 4']);
  // While it is typed: the text is not whole, and its check has not run.
  await editor.change(uri, 2, [{ range: { start: { line: 3, character: 33 }, end: { line: 5, character: 1 } }, text: '; kv' }]); // prettier-ignore
  const items = (await editor.connection.sendRequest(CompletionRequest.type, { textDocument: { uri }, position: { line: 3, character: 37 } })) as CompletionItem[]; // prettier-ignore
  expect(items.map(({ label }) => label)).toContain('kv_heads');
});

it('drops a question that is taken back', async () => {
  const uri = await open(specs.find(({ path }) => path === 'specs/quickstart.model')?.text ?? '');
  const ask = { textDocument: { uri }, position: { line: 3, character: 8 } };
  const source = new CancellationTokenSource();
  const [busy, dropped] = await editor.together(() => {
    const questions = [
      editor.connection.sendRequest(RenameRequest.type, { ...ask, newName: 'Started' }),
      editor.connection.sendRequest(HoverRequest.type, ask, source.token),
    ] as const;
    source.cancel();
    return questions;
  });
  await expect(dropped).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  expect(await busy).toBeTruthy();
});

it('answers within 100 ms on a file of 120 lines, and soon right after each change', async () => {
  const names = ['specs/quickstart.model', 'specs/families/llama.model', 'specs/families/gemma3.model'];
  const text = names.map((name) => specs.find(({ path }) => path === name)?.text ?? '').join('\n');
  expect(text.split('\n').length).toBeGreaterThan(120);
  const uri = await open(text);
  const document = TextDocument.create(uri, 'model', 1, text);
  const position = document.positionAt(text.indexOf('kv_heads = 2'));
  const end = document.positionAt(text.length);
  const ask = { textDocument: { uri }, position };
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    expect(await run()).toBeTruthy();
    return performance.now() - start;
  };
  const times = { hover: [] as number[], completion: [] as number[], 'hover after a change': [] as number[], 'completion after a change': [] as number[] }; // prettier-ignore
  const hover = () => editor.connection.sendRequest(HoverRequest.type, ask);
  const completion = () => editor.connection.sendRequest(CompletionRequest.type, ask);
  await Promise.all([hover(), completion()]);
  for (let i = 0; i < 15; i++) {
    times.hover.push(await timed(hover));
    times.completion.push(await timed(completion));
    await editor.change(uri, 2 * i + 2, [{ range: { start: end, end }, text: '#' }]);
    times['completion after a change'].push(await timed(completion));
    await editor.change(uri, 2 * i + 3, [{ range: { start: end, end }, text: '#' }]);
    times['hover after a change'].push(await timed(hover));
  }
  const medians = Object.entries(times).map(
    ([what, list]) => [what, list.sort((a, b) => a - b)[7] ?? Infinity] as const,
  );
  console.log(medians.map(([what, ms]) => `${what} ${ms.toFixed(1)} ms`).join(', '));
  expect(medians.filter(([, ms]) => ms > 100)).toEqual([]);
});
