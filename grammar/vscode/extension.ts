// Takes: VS Code, when a .model file is opened. Gives: the language server, started and joined to the editor.
// Promises: the server that comes with the extension, or the `modelc` of the setting; restarted by a command.
import { join } from 'node:path';
import { commands, workspace, type ExtensionContext } from 'vscode';
import { LanguageClient, TransportKind, type ServerOptions } from 'vscode-languageclient/node';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const start = async (): Promise<void> => {
    await client?.stop();
    client = new LanguageClient('modelc', '.model', server(context), {
      documentSelector: [{ language: 'model' }],
      markdown: { isTrusted: false },
    });
    await client.start();
  };
  context.subscriptions.push(commands.registerCommand('modelc.restart', start));
  context.subscriptions.push(
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('modelc.server')) void start();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

function server(context: ExtensionContext): ServerOptions {
  const own = workspace.getConfiguration('modelc').get<string>('server', '');
  if (own !== '') return { command: own, args: ['lsp'] };
  return { module: context.asAbsolutePath(join('dist', 'server', 'server.mjs')), transport: TransportKind.stdio };
}
