// Takes: nothing. Gives: an editor's end of `modelc lsp`: the real program on a pipe.
// Promises: every request and notification goes over stdio; what the server writes to stderr is kept.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver-protocol/node';

export const root = join(import.meta.dirname, '..', '..', '..');

export interface Editor {
  readonly connection: ProtocolConnection;
  readonly server: InitializeResult;
  /** Everything published so far, oldest first. */
  readonly published: readonly PublishDiagnosticsParams[];
  readonly errors: () => string;
  readonly open: (uri: string, text: string) => Promise<void>;
  readonly change: (uri: string, version: number, changes: TextDocumentContentChangeEvent[]) => Promise<void>;
  readonly closeFile: (uri: string) => Promise<void>;
  /** What was published for a version. */
  readonly diagnostics: (uri: string, version: number) => Promise<PublishDiagnosticsParams>;
  /** What `send` sends arrives at once: the server sleeps until all of it is written. */
  readonly together: <T>(send: () => T) => Promise<T>;
  /** Says goodbye; gives the exit code. */
  readonly end: () => Promise<number | null>;
}

export async function startEditor(program: string): Promise<Editor> {
  const child = spawn(process.execPath, [program, 'lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const published: PublishDiagnosticsParams[] = [];
  const waiting = new Set<() => void>();
  connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
    published.push(params);
    for (const look of waiting) look();
  });
  connection.listen();
  const server = await connection.sendRequest(InitializeRequest.type, { processId: process.pid, rootUri: null, capabilities: {} }); // prettier-ignore
  await connection.sendNotification(InitializedNotification.type, {});
  return {
    connection,
    server,
    published,
    errors: () => errors,
    open: (uri, text) =>
      connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument: { uri, languageId: 'model', version: 1, text } }), // prettier-ignore
    change: (uri, version, contentChanges) =>
      connection.sendNotification(DidChangeTextDocumentNotification.type, { textDocument: { uri, version }, contentChanges }), // prettier-ignore
    closeFile: (uri) => connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } }),
    together: async (send) => {
      child.kill('SIGSTOP');
      const sent = send();
      await connection.sendNotification('$/setTrace', { value: 'off' }); // written after all of it
      child.kill('SIGCONT');
      return sent;
    },
    diagnostics: (uri, version) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = published.find((each) => each.uri === uri && each.version === version);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    end: async () => {
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      const code = await ended;
      connection.dispose();
      rmSync(program, { force: true });
      return code;
    },
  };
}

/** The place of `|` in a text, and the text without it. */
export function atCursor(marked: string): { readonly text: string; readonly position: Position } {
  const before = marked.slice(0, marked.indexOf('|'));
  const lines = before.split('\n');
  return {
    text: before + marked.slice(before.length + 1),
    position: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
  };
}
