// Takes: nothing. Gives: a drawing as data: boxes, lines and texts with their places.
// Promises: plain data in CSS pixels, y downwards; colours are names, so that light and dark choose them.

/** What a shape stands for; the style sheet gives each its colour. */
export type Tone =
  'plain' | 'norm' | 'linear' | 'act' | 'core' | 'state' | 'query' | 'key' | 'idle' | 'part' | 'frame' | 'operator';

/** Colours of the parts of one model: mixers cool, feed-forwards warm. */
export type Swatch = `mixer-${number}` | `ffn-${number}`;

export type Point = readonly [x: number, y: number];

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface BoxShape extends Rectangle {
  readonly kind: 'box';
  readonly tone: Tone | Swatch;
  readonly radius: number;
}

export interface TextShape {
  readonly kind: 'text';
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly bold: boolean;
  readonly soft: boolean;
  readonly anchor: 'start' | 'middle' | 'end';
}

export interface LineShape {
  readonly kind: 'line';
  readonly points: readonly Point[];
  readonly weight: 'strong' | 'thin' | 'link';
  readonly arrow: boolean;
}

/** Shapes that belong together; `title` is shown on hover and read aloud. */
export interface GroupShape {
  readonly kind: 'group';
  readonly title: string;
  readonly shapes: readonly Shape[];
}

export type Shape = BoxShape | TextShape | LineShape | GroupShape;

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** Every shape, groups opened. */
export function flatShapes(shapes: readonly Shape[]): Exclude<Shape, GroupShape>[] {
  return shapes.flatMap((shape) => (shape.kind === 'group' ? flatShapes(shape.shapes) : [shape]));
}
