import { CST, Lexer } from 'yaml';

/** Levels of `[` and `{` inside one another; beyond some hundreds the parser's recursion can end the process. */
const maxFlowDepth = 32;

/** Spaces and `-` and `?` before the first word of a line, which bound how deep blocks are nested. */
const maxIndent = 200;

/**
 * Words, signs and line ends of a text, and aliases among them: what is more costs the parser hundreds of times its
 * length. A recipe that changes a file in each of 2,000 packages has fewer.
 */
const maxTokens = 100_000;
const maxAliases = 1000;

/**
 * Where a text is nested deeper, or made of more parts, than anyone writes by hand; undefined where it is not. It does
 * not recurse, and holds nothing.
 */
export function tooMuchAt(text: string): { offset: number; what: string } | undefined {
  let tokens = 0;
  let aliases = 0;
  let offset = 0;
  let flowDepth = 0;
  let indent = 0;
  let atLineStart = true;
  for (const token of new Lexer().lex(text)) {
    if (markers.has(token)) continue;
    const type = CST.tokenType(token);
    tokens += 1;
    if (type === 'alias') aliases += 1;
    if (tokens > maxTokens) return { offset, what: `more than ${maxTokens} words, signs and line ends` };
    if (aliases > maxAliases) return { offset, what: `more than ${maxAliases} aliases` };
    if (type === 'flow-seq-start' || type === 'flow-map-start') flowDepth += 1;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') flowDepth -= 1;
    const indicates = type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind';
    const opensLine = atLineStart && type !== 'space' && type !== 'newline' && type !== 'comment';
    if (flowDepth > maxFlowDepth || (opensLine && indent > maxIndent))
      return { offset, what: 'nested too deeply' };
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
