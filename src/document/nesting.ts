import { CST, Lexer } from 'yaml';

/** Levels of `[` and `{` inside one another; beyond some hundreds the parser's recursion can end the process. */
const maxFlowDepth = 32;

/** Spaces and `-` and `?` before the first word of a line, which bound how deep blocks are nested. */
const maxIndent = 200;

/** The offset at which a text is nested deeper than anyone writes by hand, or undefined. Does not recurse. */
export function tooDeepAt(text: string): number | undefined {
  let offset = 0;
  let flowDepth = 0;
  let indent = 0;
  let atLineStart = true;
  for (const token of new Lexer().lex(text)) {
    if (markers.has(token)) continue;
    const type = CST.tokenType(token);
    if (type === 'flow-seq-start' || type === 'flow-map-start') flowDepth += 1;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') flowDepth -= 1;
    const indicates = type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind';
    const opensLine = atLineStart && type !== 'space' && type !== 'newline' && type !== 'comment';
    if (flowDepth > maxFlowDepth || (opensLine && indent > maxIndent)) return offset;
    if (token.endsWith('\n')) {
      indent = 0;
      atLineStart = true;
    } else if (atLineStart && (type === 'space' || indicates)) indent += token.length;
    else atLineStart = false;
    offset += token.length;
  }
  return undefined;
}

/** Tokens that the lexer adds and that are no part of the text (yaml's CST: BOM is kept, these three are not). */
const markers = new Set<string>([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);
