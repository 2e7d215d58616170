// Takes: the head of a block and what it calls its attention. Gives: its equations.
// Promises: the template of the norms is `rms`.
import { equations } from '../../statements.ts';

/** A norm before and behind each branch. */
export function sandwich(head: string, mix: string): string {
  return equations(head, `h = x + rms.post_mix(${mix}(rms.mix(x)))`, `y = h + rms.post_ffn(mlp(rms.ffn(h)))`);
}

/** A norm behind each branch alone. */
export function reordered(head: string, mix: string): string {
  return equations(head, `h = x + rms.mix(${mix}(x))`, 'y = h + rms.ffn(mlp(h))');
}
