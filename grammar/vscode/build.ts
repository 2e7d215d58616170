// Takes: nothing. Gives: dist/: the extension, the language server and specs/std, each bundled (`npm run vscode`).
// Promises: the folder runs without the rest of the project; its own dependency is installed here and nowhere else.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const server = join(here, 'dist', 'server');

if (!existsSync(join(here, 'node_modules', 'vscode-languageclient'))) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' }); // prettier-ignore
}
rmSync(join(here, 'dist'), { recursive: true, force: true });

const shared = { bundle: true, platform: 'node', minify: true, logLevel: 'warning' } as const;
await build({
  ...shared,
  entryPoints: [join(here, 'extension.ts')],
  outfile: join(here, 'dist', 'extension.cjs'),
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
});

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
await build({
  ...shared,
  stdin: {
    contents: `import { serve } from './runtime/lsp/server.ts'; serve(process.stdin, process.stdout, ${JSON.stringify(version)});`,
    resolveDir: root,
    loader: 'ts',
  },
  outfile: join(server, 'server.mjs'),
  format: 'esm',
  target: 'node20',
  // Libraries in CommonJS ask for Node's modules by `require`.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
// The server looks for specs/std beside the package.json above it.
mkdirSync(server, { recursive: true });
writeFileSync(join(server, 'package.json'), `${JSON.stringify({ name: 'modelc-lsp', version, type: 'module' })}\n`);
cpSync(join(root, 'specs', 'std'), join(server, 'specs', 'std'), { recursive: true });
