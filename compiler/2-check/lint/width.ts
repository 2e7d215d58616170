// Takes: nothing. Gives: how a lint is added, and the one on widths, which sizes, mixers and ffns share.
import type { DiagnosticExtra } from '../../diagnostics.ts';
import type { Code, MessageArgs } from '../../messages.ts';

/** `key`: what the lint is about, told at the place where it was written. */
export type Add = <C extends Code>(code: C, key: string, args: MessageArgs<C>, extra?: DiagnosticExtra) => void;

/** W2 */
export function widthLint(key: string, width: number, add: Add, fix: string | null = null): void {
  const below = Math.floor(width / 64) * 64;
  const args = { key, width, below: Math.max(64, below), above: below + 64 };
  if (width % 64 !== 0) add('width-multiple', key, args, fix === null ? {} : { fix });
}
