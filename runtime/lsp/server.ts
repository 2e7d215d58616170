// Takes: messages of an editor on one stream. Gives: answers on another: the language server protocol.
// Promises: a bug in one feature is written to stderr and answered with nothing; the server goes on. A question that was
//   taken back is not worked on.
import type { Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createConnection, LSPErrorCodes, ResponseError, TextDocuments, TextDocumentSyncKind, type CancellationToken, type InitializeResult } from 'vscode-languageserver/node'; // prettier-ignore
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Analysis } from './analysis.ts';
import { Documents } from './documents.ts';
import { codeActionsAt } from './features/code-actions.ts';
import { completionsAt } from './features/completion.ts';
import { diagnosticsOf } from './features/diagnostics.ts';
import { formattingOf } from './features/formatting.ts';
import { hoverAt } from './features/hover.ts';
import { inlayHintsOf } from './features/inlay-hints.ts';
import { definitionAt, highlightsAt, referencesAt } from './features/navigation.ts';
import { documentSymbolsOf, foldingRangesOf } from './features/outline.ts';
import { renameableAt, renameAt } from './features/renaming.ts';

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

  /** A handler: `ask` of the document's text; `otherwise` when it is not open. */
  const asks =
    <P extends { readonly textDocument: { readonly uri: string } }, T, D>(
      ask: (it: Analysis, p: P) => T,
      otherwise: D,
    ) =>
    async (params: P, token: CancellationToken): Promise<T | D | ResponseError> => {
      // What has arrived meanwhile is read first: it may take the question back.
      await setImmediate();
      if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, 'taken back');
      return guarded(() => {
        const analysis = documents.analysis(params.textDocument.uri);
        return analysis === undefined ? otherwise : ask(analysis, params);
      }, otherwise);
    };
  connection.onCodeAction(asks((it, { range }) => codeActionsAt(it, range), []));
  connection.onDocumentFormatting(asks(formattingOf, []));
  connection.onDocumentSymbol(asks(documentSymbolsOf, []));
  connection.onFoldingRanges(asks(foldingRangesOf, []));
  connection.onDefinition(asks((it, { position }) => definitionAt(it, position), null));
  connection.onReferences(asks((it, { position, context }) => referencesAt(it, position, context.includeDeclaration), [])); // prettier-ignore
  connection.onDocumentHighlight(asks((it, { position }) => highlightsAt(it, position), []));
  connection.onPrepareRename(asks((it, { position }) => renameableAt(it, position), null));
  connection.onRenameRequest(asks((it, { position, newName }) => renameAt(it, position, newName), null));
  connection.onHover(asks((it, { position }) => hoverAt(it, position), null));
  connection.onCompletion(asks((it, { position }) => completionsAt(it, position, withSnippets), []));
  connection.languages.inlayHint.on(asks((it, { range }) => inlayHintsOf(it, range), []));
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
