import {
  createSourceFile,
  forEachChild,
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
  isStringLiteralLike,
  isTemplateLiteralToken,
  type Node,
  ScriptTarget,
} from 'typescript';
import { auditKinds } from '../../src/audit/trail/audit-event';
import { eventTable } from '../../src/audit/atna/event-table';
import { kindWords } from '../../src/portal/trail/trail.messages';
import { projectFiles, read } from './tree';

/** Kinds named in a text: `kind`, `kind outcome`, or SQL that looks for it. */
const named = (text: string): string[] => auditKinds.filter((kind) => new RegExp(`(^|[ '])${kind}($|[ '])`).test(text));

/** A whole event given to the trail by the test itself, or a row that it inserts: that shows nothing of the gateway. */
function isHandMade(node: Node): boolean {
  if (isCallExpression(node)) {
    const { expression } = node;
    const name = isPropertyAccessExpression(expression) ? expression.name : expression;
    return isIdentifier(name) && ['record', 'write'].includes(name.text);
  }
  return isStringLiteralLike(node) && /INSERT INTO audit_record/.test(node.text);
}

/** What a test file says of the trail, without what it has put there. */
function kindsOf(file: string): { asserted: Set<string>; handMade: Set<string> } {
  const found = { asserted: new Set<string>(), handMade: new Set<string>() };
  const visit = (node: Node, handMade: boolean): void => {
    const isMade = handMade || isHandMade(node);
    if (isStringLiteralLike(node) || isTemplateLiteralToken(node))
      for (const kind of named(node.text)) found[isMade ? 'handMade' : 'asserted'].add(kind);
    forEachChild(node, (child) => visit(child, isMade));
  };
  visit(createSourceFile(file, read(file), ScriptTarget.Latest, true), false);
  return found;
}

describe('the kinds of the audit trail', () => {
  it('are each asserted by a test that lets the gateway act', () => {
    const shown = new Set<string>();
    for (const file of projectFiles().filter((one) => /^test\/(medium|flows|browser)\/.*\.ts$/.test(one))) {
      const { asserted, handMade } = kindsOf(file);
      for (const kind of asserted) if (!handMade.has(kind)) shown.add(kind);
    }
    expect(auditKinds.filter((kind) => !shown.has(kind))).toEqual([]);
  });

  it('each have an event for the audit record repository and a French name', () => {
    expect(auditKinds.filter((kind) => !(kind in eventTable))).toEqual([]);
    expect(auditKinds.filter((kind) => !(kind in kindWords))).toEqual([]);
  });
});
