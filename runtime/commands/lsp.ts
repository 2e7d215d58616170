// Takes: an editor's messages on stdin. Gives: its answers on stdout.
// Promises: the server is loaded only when it is asked for.
import { Command, Option } from 'commander';

export function lspCommand(version: string): Command {
  return new Command('lsp')
    .description('the language server: diagnostics, hover, completion, rename and more for editors')
    .addOption(new Option('--stdio', 'speak over stdin and stdout, the only way there is').hideHelp())
    .addHelpText('after', '\nExamples:\n  modelc lsp\n\nEditors start it; see grammar/vscode/README.md.')
    .action(async () => {
      const { serve } = await import('../lsp/server.ts');
      serve(process.stdin, process.stdout, version);
    });
}
