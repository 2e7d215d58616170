// Takes: nothing. Gives: cells on a grid of ranks (from below) and columns, the edges between them, and their places.
// Promises: plain data; distances in CSS pixels.
import type { Rectangle } from '../draw/drawing.ts';
import type { Cell } from './cell.ts';

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Part of the residual stream. */
  readonly strong?: boolean;
  /** `link`: dashed, says that two cells share something. */
  readonly link?: boolean;
}

export interface Grid {
  readonly cells: readonly Cell[];
  readonly edges: readonly Edge[];
  readonly frames?: readonly Frame[];
}

/** Around these ranks, of one column or of all; frames do not overlap. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly column?: number;
  /** In its upper left corner. */
  readonly label?: string;
}

/** The places of all cells and of the channels between ranks, in which edges run sideways. */
export interface Places {
  readonly cells: ReadonlyMap<string, Rectangle>;
  /** What edges meet: of an operator its circle. */
  readonly inner: ReadonlyMap<string, Rectangle>;
  /** By column; lanes for long edges beyond the last. */
  readonly columns: readonly { readonly left: number; readonly right: number }[];
  /** Channel r lies above rank r: where it starts, from below. */
  readonly channels: readonly number[];
  readonly width: number;
  readonly height: number;
}

export const gap = { column: 14, margin: 11, channel: 18, track: 7, lane: 14, frame: 10, label: 14 };

export const nowhere: Rectangle = { x: 0, y: 0, width: 0, height: 0 };
