// Takes: messages of an editor on one stream. Gives: answers on another: the language server protocol.
// Promises: a bug in one feature is written to stderr and answered with nothing; the server goes on.
import type { Readable, Writable } from 'node:stream';
import { createConnection, TextDocuments, TextDocumentSyncKind, type InitializeResult } from 'vscode-languageserver/node'; // prettier-ignore
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Analysis } from './analysis.ts';
import { codeActionsAt } from './code-actions.ts';
import { completionsAt } from './completion.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { Documents } from './documents.ts';
import { formattingOf } from './formatting.ts';
import { hoverAt } from './hover.ts';
import { inlayHintsOf } from './inlay-hints.ts';
import { definitionAt, highlightsAt, referencesAt } from './navigation.ts';
import { documentSymbolsOf, foldingRangesOf } from './outline.ts';
import { renameableAt, renameAt } from './renaming.ts';

const capabilities: InitializeResult['capabilities'] = {
  textDocumentSync: TextDocumentSyncKind.Incremental,
  codeActionProvider: { codeActionKinds: ['quickfix'] },
  documentFormattingProvider: true,
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  hoverProvider: true,
  completionProvider: { triggerCharacters: ['.', '=', '(', '['] },
  inlayHintProvider: true,
};

/** Answers until the editor closes the stream or says `exit`. */
export function serve(input: Readable, output: Writable, version: string): void {
  const connection = createConnection(input, output);
  const open = new TextDocuments(TextDocument);
  const send = (analysis: Analysis, at: number): void => {
    const diagnostics = guarded(() => diagnosticsOf(analysis), []);
    void connection.sendDiagnostics({ uri: analysis.uri, version: at, diagnostics });
  };
  const documents = new Documents(open, send);
  /** `ask` of the document's present text; `otherwise` when it is not open. */
  const answer = <T, D>(uri: string, ask: (analysis: Analysis) => T, otherwise: D): T | D =>
    guarded(() => {
      const analysis = documents.analysis(uri);
      return analysis === undefined ? otherwise : ask(analysis);
    }, otherwise);

  let withSnippets = false;
  connection.onInitialize(({ capabilities: { textDocument } }) => {
    withSnippets = textDocument?.completion?.completionItem?.snippetSupport === true;
    return { capabilities, serverInfo: { name: 'modelc', version } };
  });
  open.onDidChangeContent(({ document }) => documents.changed(document.uri));
  open.onDidClose(({ document }) => {
    documents.closed(document.uri);
    void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  connection.onCodeAction((p) => answer(p.textDocument.uri, (it) => codeActionsAt(it, p.range), []));
  connection.onDocumentFormatting((p) => answer(p.textDocument.uri, formattingOf, []));
  connection.onDocumentSymbol((p) => answer(p.textDocument.uri, documentSymbolsOf, []));
  connection.onFoldingRanges((p) => answer(p.textDocument.uri, foldingRangesOf, []));
  connection.onDefinition((p) => answer(p.textDocument.uri, (it) => definitionAt(it, p.position), null));
  connection.onReferences((p) =>
    answer(p.textDocument.uri, (it) => referencesAt(it, p.position, p.context.includeDeclaration), []),
  );
  connection.onDocumentHighlight((p) => answer(p.textDocument.uri, (it) => highlightsAt(it, p.position), []));
  connection.onPrepareRename((p) => answer(p.textDocument.uri, (it) => renameableAt(it, p.position), null));
  connection.onRenameRequest((p) => answer(p.textDocument.uri, (it) => renameAt(it, p.position, p.newName), null));
  connection.onHover((p) => answer(p.textDocument.uri, (it) => hoverAt(it, p.position), null));
  connection.languages.inlayHint.on((p) => answer(p.textDocument.uri, (it) => inlayHintsOf(it, p.range), []));
  connection.onCompletion((p) => answer(p.textDocument.uri, (it) => completionsAt(it, p.position, withSnippets), []));
  open.listen(connection);
  connection.listen();
}

function guarded<T, D>(run: () => T, otherwise: D): T | D {
  try {
    return run();
  } catch (error) {
    process.stderr.write(`modelc lsp has a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`); // prettier-ignore
    return otherwise;
  }
}
