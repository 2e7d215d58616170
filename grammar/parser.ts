// Takes: tokens in which Separator stands between the items of a block and nowhere else.
// Gives: the concrete syntax tree (its types are in cst.ts) or the first fault.
// Promises: the rules of the language and nothing else; operators are a flat list, 1-syntax knows their precedence.
import { CstParser, EOF, tokenMatcher, type TokenType } from 'chevrotain';
import * as t from './tokens.ts';

class ModelParser extends CstParser {
  constructor() {
    super(t.tokenTypes, { recoveryEnabled: false, maxLookahead: 2 });
    this.performSelfAnalysis();
  }

  readonly file = this.RULE('file', () => {
    this.SUBRULE(this.items);
    this.CONSUME(EOF);
  });

  readonly items = this.RULE('items', () => {
    this.MANY_SEP({ SEP: t.Separator, DEF: () => this.SUBRULE(this.item) });
  });

  readonly item = this.RULE('item', () => {
    this.OR({
      DEF: [
        { GATE: () => this.is(t.Use, t.Name), ALT: () => this.SUBRULE(this.use) },
        { GATE: () => this.is(t.Lint, t.Name), ALT: () => this.SUBRULE(this.lint) },
        { GATE: () => this.clauseFollows(), ALT: () => this.SUBRULE(this.clause) },
        { GATE: () => this.choiceFollows(), ALT: () => this.SUBRULE(this.choice) },
        { ALT: () => this.SUBRULE(this.definition) },
      ],
      IGNORE_AMBIGUITIES: true,
      MAX_LOOKAHEAD: 1,
    });
  });

  // use std.wiring, std.hf
  readonly use = this.RULE('use', () => {
    this.CONSUME(t.Use);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.path) });
  });

  // lint allow moe.router.select_bias in V3Mini
  readonly lint = this.RULE('lint', () => {
    this.CONSUME(t.Lint);
    this.AT_LEAST_ONE({
      GATE: () => !this.is(t.In, t.Name),
      DEF: () => {
        this.OPTION(() => this.CONSUME(t.Comma));
        this.SUBRULE(this.path, { LABEL: 'word' });
      },
    });
    this.OPTION2(() => {
      this.CONSUME(t.In);
      this.SUBRULE2(this.path, { LABEL: 'scope' });
    });
  });

  // cycle [a, b]    at 0..2 [a]    each b(mix, f)    assert x < 1
  readonly clause = this.RULE('clause', () => {
    const keyword = this.CONSUME(t.Clause);
    this.SUBRULE(this.expression);
    this.OPTION({ GATE: () => keyword.tokenType === t.At, DEF: () => this.SUBRULE(this.list) });
  });

  // budget in [10M, 30M, 100M]
  readonly choice = this.RULE('choice', () => {
    this.SUBRULE(this.path);
    this.CONSUME(t.In);
    this.SUBRULE(this.list);
  });

  readonly definition = this.RULE('definition', () => {
    this.OPTION({ GATE: () => this.is(t.Let, t.Name), DEF: () => this.CONSUME(t.Let) });
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.path, { LABEL: 'head' }) });
    this.MANY({
      GATE: () => !this.is(t.From, t.Name),
      DEF: () => this.SUBRULE2(this.path, { LABEL: 'word' }),
    });
    this.OPTION2(() => this.CONSUME(t.NumberLiteral));
    this.OPTION3(() => this.SUBRULE(this.parameters));
    this.OPTION4(() => {
      this.CONSUME(t.From);
      this.SUBRULE3(this.path, { LABEL: 'base' });
    });
    this.OR([{ ALT: () => this.SUBRULE(this.assignment) }, { ALT: () => this.SUBRULE(this.block) }]);
  });

  readonly assignment = this.RULE('assignment', () => {
    this.CONSUME(t.Assign);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.block));
  });

  readonly path = this.RULE('path', () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Dot, DEF: () => this.CONSUME(t.Name) });
  });

  readonly block = this.RULE('block', () => {
    this.CONSUME(t.LeftBrace);
    this.SUBRULE(this.items);
    this.CONSUME(t.RightBrace);
  });

  readonly parameters = this.RULE('parameters', () => {
    this.CONSUME(t.LeftParen);
    this.MANY(() => {
      this.SUBRULE(this.argument);
      this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { GATE: () => this.is(t.RightParen), ALT: () => undefined }]);
    });
    this.CONSUME(t.RightParen);
  });

  readonly argument = this.RULE('argument', () => {
    this.OPTION({
      GATE: () => this.is(t.Name, t.Assign),
      DEF: () => {
        this.CONSUME(t.Name);
        this.CONSUME(t.Assign);
      },
    });
    this.SUBRULE(this.expression);
  });

  readonly expression = this.RULE('expression', () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
  });

  readonly operand = this.RULE('operand', () => {
    this.MANY(() => this.CONSUME(t.Minus));
    this.SUBRULE(this.atom);
  });

  readonly atom = this.RULE('atom', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME(t.StringLiteral) },
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.reference) },
    ]);
  });

  readonly group = this.RULE('group', () => {
    this.CONSUME(t.LeftParen);
    this.SUBRULE(this.expression);
    this.CONSUME(t.RightParen);
  });

  readonly list = this.RULE('list', () => {
    this.CONSUME(t.LeftBracket);
    this.MANY(() => {
      this.SUBRULE(this.expression);
      this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { GATE: () => this.is(t.RightBracket), ALT: () => undefined }]);
    });
    this.CONSUME(t.RightBracket);
  });

  // mix[last]    diff(A, B).params    gqa { heads = 4 }
  readonly reference = this.RULE('reference', () => {
    this.CONSUME(t.Name);
    this.MANY({
      GATE: () => !this.is(t.LeftBracket) || this.indexFollows(),
      DEF: () => this.SUBRULE(this.suffix),
    });
    this.OPTION(() => this.SUBRULE(this.block));
  });

  readonly suffix = this.RULE('suffix', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.member) },
      { ALT: () => this.SUBRULE(this.parameters) },
      { ALT: () => this.SUBRULE(this.index) },
    ]);
  });

  readonly member = this.RULE('member', () => {
    this.CONSUME(t.Dot);
    this.CONSUME(t.Name);
  });

  readonly index = this.RULE('index', () => {
    this.CONSUME(t.LeftBracket);
    this.AT_LEAST_ONE(() => {
      this.SUBRULE(this.argument);
      this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { GATE: () => this.is(t.RightBracket), ALT: () => undefined }]);
    });
    this.CONSUME(t.RightBracket);
  });

  /** Whether the next tokens are of these types. */
  private is(...types: TokenType[]): boolean {
    return types.every((type, index) => tokenMatcher(this.LA(index + 1), type));
  }

  /** `cycle [a]` is a clause, `cycle = 3`, `report { ... }` and `at.x = 1` are definitions. */
  private clauseFollows(): boolean {
    const second = this.LA(2);
    return !t.continuesHead.some((type) => tokenMatcher(second, type));
  }

  /** A path, `in` and a list; `in` is a name elsewhere. */
  private choiceFollows(): boolean {
    let at = 2;
    while (tokenMatcher(this.LA(at), t.Dot)) at += 2;
    return tokenMatcher(this.LA(at), t.In) && tokenMatcher(this.LA(at + 1), t.LeftBracket);
  }

  /** `mix[last]` is an index; in `at 0..n [b]` the list stands apart. `cycle [a, b]` is the exception. */
  private indexFollows(): boolean {
    const before = this.LA(0);
    const touches = before.startOffset + before.image.length === this.LA(1).startOffset;
    return touches || before.tokenType === t.Cycle;
  }
}

export const parser = new ModelParser();
