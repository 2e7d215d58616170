// A real client and the real program, over stdio: what an editor sees while a person types.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import {
  CodeActionRequest,
  DocumentFormattingRequest,
  DocumentSymbolRequest,
  FoldingRangeRequest,
  type CodeAction,
  type DocumentSymbol,
} from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleProgram, root, startEditor, type Editor } from './client.ts';

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
