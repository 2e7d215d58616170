// Takes: the documents an editor has open. Gives: the analysis of each one's present text; diagnostics after each change.
// Promises: a text is parsed once per version; while it changes, only its last version is checked.
import { fileURLToPath } from 'node:url';
import type { TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileNode } from '../../compiler/1-syntax/ast.ts';
import { Analysis, parsePrelude } from './analysis.ts';

/** Milliseconds without a change before a text is checked. */
const quiet = 120;

export class Documents {
  private readonly open: TextDocuments<TextDocument>;
  private readonly publish: (analysis: Analysis, version: number) => void;
  private readonly analyses = new Map<string, { readonly version: number; readonly analysis: Analysis }>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private prelude: readonly FileNode[] | null = null;

  constructor(open: TextDocuments<TextDocument>, publish: (analysis: Analysis, version: number) => void) {
    this.open = open;
    this.publish = publish;
  }

  /** Undefined: the editor does not have it open. */
  analysis(uri: string): Analysis | undefined {
    const document = this.open.get(uri);
    if (document === undefined) return undefined;
    const known = this.analyses.get(uri);
    if (known?.version === document.version) return known.analysis;
    this.prelude ??= parsePrelude();
    const analysis = new Analysis(uri, { path: pathOf(uri), text: document.getText() }, this.prelude);
    this.analyses.set(uri, { version: document.version, analysis });
    return analysis;
  }

  /** The text changed: checks it when it rests. A check that is due for an older version is dropped. */
  changed(uri: string, wait = quiet): void {
    clearTimeout(this.timers.get(uri));
    this.timers.set(
      uri,
      setTimeout(() => {
        this.timers.delete(uri);
        const analysis = this.analysis(uri);
        const version = this.open.get(uri)?.version;
        if (analysis !== undefined && version !== undefined) this.publish(analysis, version);
      }, wait),
    );
  }

  closed(uri: string): void {
    clearTimeout(this.timers.get(uri));
    this.timers.delete(uri);
    this.analyses.delete(uri);
  }
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    return uri;
  }
}
