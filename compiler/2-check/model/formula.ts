// Takes: nothing. Gives: formulas that stay formulas: a weight over the time of diffusion, a law that is fitted.
// Promises: plain data; numbers in it are resolved, names are those its key allows.

export type Formula =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'negate'; readonly value: Formula }
  | { readonly kind: 'call'; readonly name: 'log' | 'exp' | 'sqrt'; readonly value: Formula }
  | { readonly kind: 'binary'; readonly operator: '+' | '-' | '*' | '/' | '^'; readonly left: Formula; readonly right: Formula }; // prettier-ignore
