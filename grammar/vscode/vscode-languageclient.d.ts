// Takes: nothing. Gives: as much of the types of vscode-languageclient as the extension uses.
// Promises: the project's type check passes whether or not the extension's dependency is installed.

declare module 'vscode-languageclient/node' {
  export enum TransportKind {
    stdio = 0,
  }
  export type ServerOptions =
    | { readonly command: string; readonly args: readonly string[] }
    | { readonly module: string; readonly transport: TransportKind };
  export interface ClientOptions {
    readonly documentSelector: readonly { readonly language: string }[];
    readonly markdown: { readonly isTrusted: boolean };
  }
  export class LanguageClient {
    constructor(id: string, name: string, server: ServerOptions, client: ClientOptions);
    start(): Promise<void>;
    stop(): Promise<void>;
  }
}
